import { type RecordType, recordTypes } from "@patchbay/dns/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeRecord } from "./message.ts";
import { typeNumbers } from "./packet.ts";
import { fromWire, toWire } from "./rdata.ts";
import { LiveNamed } from "./testing/live-named.ts";
import { put, serversOf, setUnit, unitsOf, zoneUnit } from "./testing/units.ts";

const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `${labels.join(".")}.`);
const target = fc.oneof({ weight: 9, arbitrary: name }, fc.constant("."));
const number16 = fc.integer({ min: 0, max: 65_535 });
const octet = fc.integer({ min: 0, max: 255 });

function quoted(bytes: readonly number[]): string {
  const text = bytes.map((byte) => {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === "\\") return `\\${character}`;
    return byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, "0")}` : character;
  });
  return `"${text.join("")}"`;
}

const printable = fc.array(fc.integer({ min: 0x20, max: 0x7e }), { maxLength: 300 }).map(quoted);
const string = fc.array(octet, { maxLength: 255 }).map(quoted);
const address6 = fc
  .array(fc.oneof(fc.constant(0), number16), { minLength: 8, maxLength: 8 })
  .map((parts) => new URL(`http://[${parts.map((part) => part.toString(16)).join(":")}]`).hostname.slice(1, -1))
  // Each program prints an address that holds an IPv4 address its own way.
  .filter((text) => !/^::(?:ffff:)?[0-9a-f]*:?[0-9a-f]*$/.test(text));

const data: Readonly<Record<RecordType, fc.Arbitrary<string>>> = {
  A: fc.tuple(octet, octet, octet, octet).map((octets) => octets.join(".")),
  AAAA: address6,
  CNAME: name,
  NS: name,
  PTR: name,
  MX: fc.tuple(number16, target).map((fields) => fields.join(" ")),
  SRV: fc.tuple(number16, number16, number16, target).map((fields) => fields.join(" ")),
  TXT: fc.array(string, { minLength: 1, maxLength: 4 }).map((strings) => strings.join(" ")),
  CAA: fc.tuple(octet, fc.stringMatching(/^[a-z0-9]{1,15}$/), printable).map((fields) => fields.join(" ")),
};

describe.each(recordTypes)("data of type %s", (type) => {
  it("is the same after a way through the wire form", () => {
    fc.assert(
      fc.property(data[type], (text) => {
        const wire = toWire(type, text);
        const record = { name: "a.test", type: typeNumbers[type], class: 1, ttl: 0, data: wire };
        const message = encodeRecord(record);
        expect(fromWire(type, message, message.length - wire.length - 2)).toEqual({ wire, text });
      }),
    );
  });

  it("is refused when it is anything else", () => {
    const good = fc.sample(data[type], 20);
    const others = [
      ...good.flatMap((text) => [`${text} `, ` ${text}`, `${text}\n`, `${text};`, `${text} x`]),
      "",
      "\0",
    ];
    for (const text of others) expect(() => toWire(type, text), text).toThrow(/must/);
  });
});

describe("hostile text", () => {
  it.each([
    ["A", "1.2.3.4."],
    ["A", "01.2.3.4"],
    ["A", "1.2.3.256"],
    ["AAAA", "fe80::1%eth0"],
    ["AAAA", "1::2::3"],
    ["NS", "no-dot"],
    ["NS", "UPPER.test."],
    ["NS", 'a".test.'],
    ["NS", "a\\.b.test."],
    ["NS", "*.a.*.test."],
    ["NS", `${"a".repeat(64)}.test.`],
    ["NS", `${"a.".repeat(127)}test.`],
    ["MX", "65536 a.test."],
    ["MX", "1  a.test."],
    ["TXT", '"a\\256"'],
    ["TXT", '"a" $INCLUDE /etc/passwd'],
    ["TXT", '"é"'],
    ["TXT", `"${"a".repeat(256)}"`],
    ["TXT", "bare"],
    ["TXT", '"a""b"'],
    ["CAA", '256 issue "a"'],
    ["CAA", '0 issue "a" "b"'],
    ["CAA", '0 is-sue "a"'],
    ["CAA", '0 issue "\\200"'],
  ] as const)("is no data of %s: %s", (type, text) => {
    expect(() => toWire(type, text)).toThrow(/must/);
  });
});

describe("named and dig read every type the same way", () => {
  let named: LiveNamed;
  beforeAll(async () => {
    named = await LiveNamed.create();
    await named.apply();
  });
  afterAll(() => named.end());

  it.each(["as a new zone", "by UPDATE"])("%s", async (way) => {
    const zone = way === "by UPDATE" ? "updated.test" : "new.test";
    const sets = recordTypes.flatMap((type) =>
      fc.sample(data[type], 40).map((text, at) => setUnit(zone, `${type.toLowerCase()}${at}`, type, text)),
    );
    const first = [put(zoneUnit(zone)), put(serversOf(zone))];
    const rest = sets.map((set) => put(set));
    const rounds = way === "by UPDATE" ? [first, rest] : [[...first, ...rest]];
    for (const changes of rounds) expect(await named.execute(...changes)).toEqual(new Map());
    const lines = named.dig("-y", named.keyWord("transfer"), "+noall", "+answer", "+onesoa", zone, "AXFR").split("\n");
    const printed = new Map(lines.map((line) => line.split(/\s+/)).map(([owner = ""], at) => [owner, lines[at] ?? ""]));
    for (const { name: owner, type, data: wanted } of sets) {
      const text = /^\S+\s+3600\s+IN\s+\S+\s+(.*)$/.exec(printed.get(`${owner}.`) ?? "")?.[1];
      expect([type, text?.toLowerCase()]).toEqual([type, wanted[0]?.toLowerCase()]);
    }
    expect(await named.provider.drifted(unitsOf(zoneUnit(zone), ...sets), new AbortController().signal)).toEqual([]);
  });
});
