import { type ChangeContext, defineHook, type Read, token } from "@patchbay/sdk";
import * as v from "valibot";

/** Id of the slot of the zones and their record sets. */
export const dnsSlotId = "dns";

/** Object types, for `access.object`. */
export const zoneObject = "dns-zone";
export const recordObject = "dns-record";

/** Types of records a zone may hold. SOA belongs to the provider; DNSSEC's own types to whoever signs. */
export const recordTypes = ["A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA", "PTR"] as const;
export type RecordType = (typeof recordTypes)[number];

/** A zone without its records: that it exists, who is master of it, whether it is signed. */
const zone = v.strictObject({
  kind: v.literal("zone"),
  /** Canonical, without a trailing dot. */
  zone: v.string(),
  /** Host names for the SOA: the first name server, and the mailbox of the one who is responsible, as a name. */
  primary: v.string(),
  contact: v.string(),
  /** Signed with the provider's own policy. */
  dnssec: v.boolean(),
});

/**
 * All records of one owner and type. `data` is canonical presentation format (RFC 1035, 5.1): names absolute and in lower
 * case with a trailing dot, TXT as quoted strings of at most 255 bytes each, IPv6 as RFC 5952; sorted, no doubles.
 */
const recordSet = v.strictObject({
  kind: v.literal("set"),
  zone: v.string(),
  /** Owner, absolute, without a trailing dot. */
  name: v.string(),
  type: v.picklist(recordTypes),
  /** Seconds. */
  ttl: v.number(),
  data: v.pipe(v.array(v.string()), v.minLength(1)),
});

/**
 * One unit of the slot. A zone's key is its name; a record set's is `<zone>|<name>|<type>`. Kept apart so that changing one
 * record costs the same however many the zone has. A zone is created before its sets and outlives them.
 */
export const dnsUnit = v.variant("kind", [zone, recordSet]);

export type ZoneUnit = v.InferOutput<typeof zone>;
export type RecordSetUnit = v.InferOutput<typeof recordSet>;
export type DnsUnit = v.InferOutput<typeof dnsUnit>;

export function zoneKey(zoneName: string): string {
  return zoneName;
}

export function setKey({ name, type, zone: zoneName }: Pick<RecordSetUnit, "zone" | "name" | "type">): string {
  return `${zoneName}|${name}|${type}`;
}

/** The parts of a key. `type` and `name` are undefined for a zone. */
export function parseKey(key: string): { zone: string; name: string | undefined; type: RecordType | undefined } {
  const [zoneName = "", name, type] = key.split("|");
  return { zone: zoneName, name, type: type as RecordType | undefined };
}

/** What `report` of a provider answers for a zone. */
export interface ZoneReport {
  /** Of the SOA the provider answers with. */
  readonly serial: number;
  /** DS records for the parent zone, canonical presentation format. Empty while the zone is not signed. */
  readonly ds: readonly string[];
  /** Host names the parent zone must delegate to, when the provider chooses them itself; else empty. */
  readonly nameServers: readonly string[];
}

/** A record another plugin wants in a zone (a mail server's, a DKIM key, a challenge). */
export interface ManagedRecord {
  /** Who it belongs to, `mail`. A plugin sees and removes only its own. */
  readonly owner: string;
  /** Absolute owner name, without a trailing dot. */
  readonly name: string;
  readonly type: RecordType;
  /** As in a request; made canonical. */
  readonly value: string;
  readonly ttl: number;
}

/** Zones, for plugins that need records in them. */
export interface Zones {
  /** The zone that holds a name, nearest first; undefined when the panel has none for it. */
  holding(read: Read, name: string): Promise<{ id: number; zone: string } | undefined>;
  put(change: ChangeContext, record: ManagedRecord): Promise<void>;
  /** Takes away all records of this owner at a name and of a type. */
  take(change: ChangeContext, record: Pick<ManagedRecord, "owner" | "name" | "type">): Promise<void>;
}

export const Zones = token<Zones>("dns.zones");

export interface RecordChange {
  readonly zoneId: number;
  readonly zone: string;
  readonly change: ChangeContext;
}

/** Run inside the change, after the row was written (before it is deleted). */
export const zoneAdded = defineHook<"guarded", RecordChange>("guarded", "dns.zone-added");
export const zoneRemoved = defineHook<"guarded", RecordChange>("guarded", "dns.zone-removed");
