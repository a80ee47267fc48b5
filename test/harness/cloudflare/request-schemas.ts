import * as v from "valibot";

const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const name = v.pipe(v.string(), v.maxLength(253), v.regex(/^(?:[a-z0-9_*-]{1,63}\.)+[a-z0-9-]{2,63}$/));
const ttl = v.pipe(
  v.number(),
  v.integer(),
  v.check((seconds) => seconds === 1 || (seconds >= 60 && seconds <= 86_400)),
);
const host = v.pipe(v.string(), v.maxLength(253), v.regex(/^[a-z0-9._-]+$/i));
const u16 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const meta = { name, ttl, comment: v.optional(v.pipe(v.string(), v.maxLength(100))) };
const proxiable = { ...meta, proxied: v.optional(v.boolean()) };

/** What may be sent as a record, by type. Strict: an unknown field is refused, as the real API does. */
const byType = [
  v.strictObject({ type: v.literal("A"), content: v.pipe(v.string(), v.ipv4()), ...proxiable }),
  v.strictObject({ type: v.literal("AAAA"), content: v.pipe(v.string(), v.ipv6()), ...proxiable }),
  v.strictObject({ type: v.literal("CNAME"), content: host, ...proxiable }),
  v.strictObject({ type: v.literal("NS"), content: host, ...meta }),
  v.strictObject({ type: v.literal("PTR"), content: host, ...meta }),
  v.strictObject({ type: v.literal("TXT"), content: v.pipe(v.string(), v.minLength(1), v.maxLength(8192)), ...meta }),
  v.strictObject({ type: v.literal("MX"), content: host, priority: u16, ...meta }),
  v.strictObject({
    type: v.literal("SRV"),
    data: v.strictObject({ priority: u16, weight: u16, port: u16, target: host }),
    ...meta,
  }),
  v.strictObject({
    type: v.literal("CAA"),
    data: v.strictObject({ flags: v.pipe(v.number(), v.maxValue(255)), tag: v.string(), value: v.string() }),
    ...meta,
  }),
] as const;

export const recordSchema = v.variant("type", byType);

/** A record as it is stored and answered. */
export type StoredRecord = v.InferOutput<typeof recordSchema> & { readonly id: string };

/** A change in place: what is left out stays. */
export const patchSchema = v.looseObject({ id, type: v.string(), name });

export const batchSchema = v.strictObject({
  deletes: v.optional(v.array(v.strictObject({ id })), []),
  patches: v.optional(v.array(patchSchema), []),
  posts: v.optional(v.array(recordSchema), []),
  puts: v.optional(v.array(v.unknown()), []),
});

export type Batch = v.InferOutput<typeof batchSchema>;

export const newZoneSchema = v.strictObject({
  name: v.pipe(v.string(), v.maxLength(253), v.regex(/^(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$/)),
  type: v.optional(v.literal("full")),
  account: v.strictObject({ id: v.optional(id) }),
});

export const dnssecSchema = v.strictObject({ status: v.picklist(["active", "disabled"]) });
