import { corpusItems } from "../corpora/corpus.ts";
import type { FieldCase } from "./field-cases.ts";
import { hostile, wrongTypes } from "./field-cases.ts";
import { hostileTexts } from "./hostile.ts";

/** A whole record, as a request says it. */
interface SentRecord {
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly ttl: unknown;
  readonly priority?: unknown;
}

/** Documented otherwise: PTR may stand in any zone, and the target of dns-027 is a name like others. */
const instead: Readonly<Record<string, FieldCase["verdict"]>> = { "dns-063": "accept", "dns-027": "accept" };

/** Items of the corpus whose fault is not in the value. The others of the list are told by all fields together. */
const faultOf: Readonly<Record<string, "name" | "type" | "ttl" | "priority" | "state">> = {
  "dns-021": "type",
  "dns-022": "type",
  "dns-024": "type",
  "dns-025": "type",
  "dns-028": "type",
  "dns-031": "state",
  "dns-034": "priority",
  "dns-043": "name",
  "dns-045": "name",
  "dns-046": "name",
  "dns-048": "name",
  "dns-049": "name",
  "dns-051": "name",
  "dns-052": "name",
  "dns-054": "ttl",
  "dns-055": "ttl",
  "dns-057": "ttl",
  "dns-058": "ttl",
};

/** The records of the corpus; dns-066 is 20,000 of them, which the limit of a zone is for. */
export const corpusRecords = corpusItems("dns_record").flatMap((item) => {
  if (item.input === undefined) return [];
  const verdict = instead[item.id] ?? (item.verdict === "reject" ? "reject" : "accept");
  return [{ id: item.id, record: item.input as SentRecord, verdict, fault: faultOf[item.id] ?? "value" }];
});

/** What the corpus says of one field of a record: the value in it, and the rest of the record beside it. */
function fromCorpus(field: "type" | "name" | "value"): FieldCase[] {
  return corpusRecords.flatMap(({ fault, id, record, verdict }) => {
    if (verdict === "reject" && fault !== field) return [];
    const { [field]: value, ...beside } = record;
    return [{ id, value, verdict, beside, canonical: canonicalOf(id, value) }];
  });
}

/** A priority in front of the value is shown in its own field. */
const canonicalOf = (id: string, value: string) => (id === "dns-013" ? value.replace(/^0 /, "") : value);

const ttl = 3600;
const asText = { type: "TXT", name: "corpus-text", ttl };

/** Text of a TXT record may be anything that is no control character; with a quote in front it is strings in quotes. */
const texts: readonly FieldCase[] = hostileTexts.map(({ id, input }) => {
  const refused = /[\p{Cc}\p{Cs}]/u.test(input) || input.trimStart().startsWith('"') || input.length > 4096;
  return { id: `text-${id}`, value: input, verdict: refused ? "reject" : "accept", beside: asText, canonical: input };
});

/** Strings in quotes, as zone files have them: joined, and shown as the text they hold. */
const quoted: readonly FieldCase[] = [
  ['"a" "b"', "ab"],
  ['"a\\"b"', 'a"b'],
  ['"a\\065\\\\"', "aA\\"],
  ['"semi;colon" " (x)"', "semi;colon (x)"],
].map(([value, canonical], at) => ({
  id: `quoted-${at}`,
  value,
  verdict: "accept" as const,
  beside: asText,
  canonical,
}));

const brokenQuotes: readonly FieldCase[] = [
  '"open',
  '"a" b',
  '"a"b"',
  '"a\\999"',
  '"a\\06"',
  '"',
  '""',
  '"x"\n$INCLUDE /etc/passwd',
].map((value, at) => ({ id: `quotes-${at}`, value, verdict: "reject", beside: asText }));

/** A number in front, where the type wants one. */
const prefix: Readonly<Record<string, string>> = { MX: "10 ", SRV: "1 2 3 ", CAA: "0 issue " };

/** Everything else is an address or a name: some of the strings are, and none of them may do more than that. */
const others: readonly FieldCase[] = ["A", "AAAA", "CNAME", "MX", "NS", "SRV", "CAA", "PTR"].flatMap((type) =>
  hostile(type === "A" || type === "AAAA" ? "reject" : "any").map((one) => ({
    ...one,
    id: `${type}-${one.id}`,
    value: `${prefix[type] ?? ""}${one.value}`,
    beside: { type, name: "corpus-other", ttl },
  })),
);

/** Of `type`, for a record that could stand there. */
export const typeCases: readonly FieldCase[] = [
  ...fromCorpus("type").filter(({ verdict }) => verdict === "reject"),
  ...["a", "ANY", "AXFR", "OPT", "DS", "DNSKEY", "RRSIG", "HTTPS", "A\n", "A ", "*", "__proto__", "255"].map(
    (value, at): FieldCase => ({ id: `type-of-${at}`, value, verdict: "reject" }),
  ),
  ...hostile("reject"),
  ...wrongTypes,
];

const owned = (value: string, canonical: string, at: number): FieldCase => ({
  id: `owner-${at}`,
  value,
  verdict: "accept",
  beside: { type: "TXT", value: "corpus", ttl },
  canonical,
});

/** Of `name`. `zone` is the one they are sent to. */
export const nameCases = (zone: string): readonly FieldCase[] => [
  ...fromCorpus("name"),
  ...hostile("any").map((one) => ({ ...one, beside: { type: "TXT", value: "corpus", ttl } })),
  ...[
    ["@", "@"],
    ["WWW9", "www9"],
    [`deep.www9.${zone}.`, "deep.www9"],
    [`deep.www9.${zone}`, "deep.www9"],
    [`${zone}.`, "@"],
    ["*", "*"],
    ["*.wild", "*.wild"],
    ["_dmarc", "_dmarc"],
    ["__proto__", "__proto__"],
    ["B\u00fccher", "xn--bcher-kva"],
  ].map(([value = "", canonical = ""], at) => owned(value, canonical, at)),
  ...[
    "",
    ".",
    "..",
    "victim.test.",
    `${zone}.victim.test.`,
    `evil${zone}.`,
    "a..b",
    "-a",
    "a*",
    "**",
    "@@",
    "a/b",
    "a\\032b",
    "x\tIN\tA\t6.6.6.6",
    "a.b.".repeat(80),
  ].map((value, at): FieldCase => ({ id: `no-owner-${at}`, value, verdict: "reject", beside: asText })),
  ...wrongTypes,
];

/** Of `value`. */
export const valueCases: readonly FieldCase[] = [
  ...fromCorpus("value"),
  ...texts,
  ...quoted,
  ...brokenQuotes,
  ...others,
  ...wrongTypes,
];
