import type { DnsUnit } from "@patchbay/dns/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auditUnit } from "./audit.ts";
import { setUnit, zoneUnit } from "./testing/units.ts";
import { filesOf, placeOf, zoneConfig, zoneFile } from "./zone-file.ts";

const fields = (unit: DnsUnit) => auditUnit(unit).map(({ field }) => field);
const hostile = [
  "",
  ".",
  "a..test",
  'a" { type primary; }; zone "b',
  "a.test;",
  "a.test };",
  "a.test\nb.test",
  "a test",
  "A.test",
  "a.test.",
  "../../etc/passwd",
  "a/b.test",
  "$INCLUDE.test",
  "a\\.test",
  "ä.test",
  "-clean\u0000.test",
  `${"a".repeat(64)}.test`,
];

describe("units that cannot be served", () => {
  it.each(hostile)("names like %j", (name) => {
    expect(fields(zoneUnit(name))).toEqual(["zone"]);
    expect(fields(zoneUnit("a.test", { primary: name, contact: name }))).toEqual(["primary", "contact"]);
    expect(fields({ ...setUnit("a.test", "x", "A", "192.0.2.1"), name: `${name}.a.test` })).toContain("name");
    expect(fields(setUnit("a.test", "x", "CNAME", name.endsWith(".") ? `${name}.` : name))).toEqual(["data"]);
  });

  it("owners outside of their zone, and times that are none", () => {
    const set = setUnit("a.test", "x", "A", "192.0.2.1");
    expect(fields({ ...set, name: "x.b.test" })).toEqual(["name"]);
    expect(fields({ ...set, name: "xa.test" })).toEqual(["name"]);
    for (const ttl of [-1, 0.5, 2 ** 31, Number.NaN]) expect(fields({ ...set, ttl })).toEqual(["ttl"]);
    expect(fields(zoneUnit("*.a.test"))).toEqual(["zone"]);
  });

  it("sets that no message can hold", () => {
    const strings = Array.from({ length: 300 }, (_, at) => `"${String(at).padStart(250, "x")}"`);
    expect(fields(setUnit("a.test", "x", "TXT", ...strings))).toEqual(["data"]);
    expect(fields(setUnit("a.test", "x", "TXT", ...strings.slice(0, 200)))).toEqual([]);
  });

  it("say the rule and never the text", () => {
    const [issue] = auditUnit(setUnit("a.test", "x", "TXT", '"secret" bare'));
    expect(issue?.message).not.toContain("secret");
  });
});

describe("what is written of names that pass", () => {
  const label = fc.stringMatching(/^[a-z0-9_-]{1,63}$/);
  const zone = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join("."));

  it("is a path of its own inside the state directory, short enough for a file", () => {
    fc.assert(
      fc.property(zone, (name) => {
        fc.pre(auditUnit(zoneUnit(name)).length === 0);
        for (const file of filesOf(name, [])) {
          expect(file).toMatch(/^zones\/[0-9a-f]{2}\/[a-z0-9_.-]+$/);
          expect(file.split("/").at(-1)?.length).toBeLessThanOrEqual(255);
        }
        expect(zoneConfig(name, "default")).toContain(`file "${placeOf(name).file}"; key-directory`);
      }),
    );
  });

  it("is a file whose lines hold nothing but names, numbers and hexadecimal digits", () => {
    const set = setUnit("a.test", "x", "TXT", '"\\010 $INCLUDE /etc/passwd ; ( \\" "');
    const { content } = zoneFile(zoneUnit("a.test"), [set], 7);
    expect(content.split("\n")).toEqual([
      expect.stringMatching(/^@ 3600 IN SOA ns1\.provider\.test\. hostmaster\.provider\.test\. 7 [\d ]+$/),
      "@ 3600 IN NS ns1.provider.test.",
      expect.stringMatching(/^x\.a\.test\. 3600 IN TYPE16 \\# 30 [0-9a-f]{60}$/),
      "",
    ]);
  });
});
