import fc from "fast-check";
import type { RecordType } from "../contract.ts";

/** A record as somebody may send it. */
export interface SentRecord {
  readonly name: string;
  readonly value: string;
  readonly priority: number | null;
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789".split("");
const label = fc
  .tuple(fc.constantFrom(..."abcdefgXYZ".split("")), fc.array(fc.constantFrom(...letters, "-"), { maxLength: 8 }))
  .map(([first, rest]) => `${first}${rest.join("")}`.replace(/-+$/, "").replace(/^(..)--/, "$1a"));
const special = fc.constantFrom("_dmarc", "_sip._tcp", "default._domainkey", "a_b", "bücher", "日本");

export const hostNames = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => `${labels.join(".")}.test`.toLowerCase());

const hostOwner = fc.oneof(
  fc.constant("@"),
  label,
  fc.tuple(label, label).map((two) => two.join(".")),
  label.map((one) => `*.${one}`),
  fc.constant("*"),
);
const anyOwner = fc.oneof(hostOwner, hostOwner, special);
const plainOwner = fc.oneof(
  label,
  fc.tuple(label, label).map((two) => two.join(".")),
);

const target = fc.oneof(
  label.map((one) => `t${one}`),
  hostNames,
  hostNames.map((name) => `${name}.`),
  label.map((one) => `z${one}.`),
  fc.constant("@"),
);
const number16 = fc.integer({ min: 0, max: 65_535 });
const octet = fc.integer({ min: 0, max: 255 });
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65_535 }));

const ipv4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join("."));
const ipv6 = fc
  .tuple(fc.integer({ min: 1, max: 65_535 }), ...Array.from({ length: 7 }, () => group))
  .map((parts) => parts.map((part) => part.toString(16)).join(":"));
const text = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 400 }),
  fc
    .array(fc.constantFrom(..."abz09 ;\"\\$@()'=é日😀\t".replace("\t", "").split(""), "\u2028"), { minLength: 1 })
    .map((all) => all.join("")),
  fc
    .uint8Array({ minLength: 1, maxLength: 600 })
    .map((bytes) => `"${[...bytes].map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`),
);
const clean = text.filter(
  (one) => !/[\p{Cc}\p{Cs}]/u.test(one) && (!one.trimStart().startsWith('"') || /^"(?:\\\d{3})+"$/.test(one)),
);
const caa = fc.oneof(
  hostNames.map((name) => `0 issue "${name}"`),
  hostNames.map((name) => `128 issuewild ${name}`),
  fc.constant('0 issue ";"'),
  hostNames.map((name) => `0 iodef "mailto:abuse@${name}"`),
  fc
    .array(fc.constantFrom(...'abz09 ;"\\$@()=/'.split("")), { maxLength: 40 })
    .map((all) => `1 own "${all.join("").replace(/["\\]/g, "\\$&")}"`),
);

const from = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<SentRecord> =>
  fc.record({ name, value, priority: fc.constant(null) });

const withPriority = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<SentRecord> =>
  fc.tuple(name, value, number16, fc.boolean()).map(([owner, rest, priority, apart]) => ({
    name: owner,
    value: apart ? rest : `${priority} ${rest}`,
    priority: apart ? priority : null,
  }));

const arbitraries: Readonly<Record<RecordType, fc.Arbitrary<SentRecord>>> = {
  A: from(hostOwner, ipv4),
  AAAA: from(hostOwner, ipv6),
  CNAME: from(
    plainOwner,
    target.filter((one) => one !== "@"),
  ),
  NS: from(plainOwner, target),
  PTR: from(anyOwner, target),
  MX: withPriority(hostOwner, fc.oneof(target, fc.constant("."))),
  SRV: withPriority(
    anyOwner,
    fc.tuple(number16, number16, fc.oneof(target, fc.constant("."))).map((parts) => parts.join(" ")),
  ),
  TXT: from(anyOwner, clean),
  CAA: from(anyOwner, caa),
};

/** Records of a type that every zone takes, as people may write them. */
export function recordsOf(type: RecordType): fc.Arbitrary<SentRecord> {
  return arbitraries[type];
}
