import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ZoneReport } from "@patchbay/dns/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LiveNamed } from "./testing/live-named.ts";
import { put, serversOf, setUnit, take, unitsOf, zoneUnit } from "./testing/units.ts";
import { placeOf } from "./zone-file.ts";

const signal = new AbortController().signal;
const done = new Map();
let named: LiveNamed;

beforeAll(async () => {
  named = await LiveNamed.create();
  await named.apply();
});
afterAll(() => named.end());

const report = async (unit: ReturnType<typeof zoneUnit>) =>
  (await named.provider.report?.(unit.zone, unit, signal)) as unknown as ZoneReport;

const signed = (zone: string) => zoneUnit(zone, { dnssec: true });

/** What a validating resolver that trusts only these DS records says of a name. */
function validate(zone: string, ds: readonly string[], name: string): string {
  const anchors = ds.map((record) => {
    const [tag, algorithm, digest, hash] = record.split(" ");
    return `"${zone}" static-ds ${tag} ${algorithm} ${digest} "${hash}";`;
  });
  const file = join(named.root, "anchor");
  writeFileSync(file, `trust-anchors { ${anchors.join(" ")} };\n`);
  const words = ["@127.0.0.1", "-p", `${named.info.ports.dns}`, "-a", file, `+root=${zone}`, name, "A"];
  const { stdout, stderr } = named.run("delv", words);
  return stdout + stderr;
}

function keyFiles(zone: string): string[] {
  const directory = join(named.directory("state"), placeOf(zone).directory);
  return readdirSync(directory)
    .filter((name) => name.startsWith(`K${zone}.`))
    .map((name) => join(directory, name));
}

describe("a signed zone", () => {
  const zone = signed("ada.test");
  const sets = [serversOf("ada.test"), setUnit("ada.test", "www", "A", "192.0.2.1")];

  it("is signed when it is there, with the DS records named's own tool makes", async () => {
    expect(await named.execute(put(zone), ...sets.map((set) => put(set)))).toEqual(done);
    const { ds, nameServers, serial } = await report(zone);
    expect([ds.length, nameServers]).toEqual([1, []]);
    expect(serial).toBe(Number(named.short("ada.test", "SOA")[0]?.split(" ")[2]));
    const key = keyFiles("ada.test").find((name) => name.endsWith(".key")) ?? "";
    const tool = named.run("dnssec-dsfromkey", ["-2", key]).stdout.trim();
    expect(tool).toBe(`ada.test. IN DS ${ds[0]}`);
    expect(await named.provider.drifted(unitsOf(zone, ...sets), signal)).toEqual([]);
  });

  it("is validated, also what is changed and what is not there", async () => {
    const late = setUnit("ada.test", "late", "A", "192.0.2.2");
    expect(await named.execute(put(late))).toEqual(done);
    const { ds } = await report(zone);
    expect(validate("ada.test", ds, "www.ada.test")).toContain("; fully validated");
    expect(validate("ada.test", ds, "late.ada.test")).toContain("; fully validated");
    expect(validate("ada.test", ds, "none.ada.test")).toContain("; negative response, fully validated");
    const forged = ds.map((record) => record.replace(/.$/, (last) => (last === "0" ? "1" : "0")));
    expect(validate("ada.test", forged, "www.ada.test")).not.toContain("fully validated");
  });

  it("leaves no file behind", async () => {
    expect(await named.execute(take(zone))).toEqual(done);
    const directory = join(named.directory("state"), placeOf("ada.test").directory);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("signing is switched", () => {
  const sets = [serversOf("bob.test"), setUnit("bob.test", "www", "A", "192.0.2.1")];
  const plain = zoneUnit("bob.test");
  const zone = signed("bob.test");

  it("on and off while the zone answers", async () => {
    expect(await named.execute(put(plain), ...sets.map((set) => put(set)))).toEqual(done);
    expect((await report(plain)).ds).toEqual([]);
    expect(await named.execute(put(zone, plain))).toEqual(done);
    expect(validate("bob.test", (await report(zone)).ds, "www.bob.test")).toContain("; fully validated");
    expect(await named.execute(put(plain, zone))).toEqual(done);
    expect(named.short("www.bob.test", "A")).toEqual(["192.0.2.1"]);
    expect((await report(plain)).ds).toEqual([]);
    expect(await named.provider.drifted(unitsOf(plain, ...sets), signal)).toEqual([]);
    expect(await named.execute(put(zone, plain))).toEqual(done);
    expect(await named.execute(put(zone, plain))).toEqual(done);
    expect(validate("bob.test", (await report(zone)).ds, "www.bob.test")).toContain("; fully validated");
    expect(await named.execute(take(zone))).toEqual(done);
  });

  it("off without a moment in which a resolver that knows the DS record refuses the zone", async () => {
    expect(await named.execute(put(zone), ...sets.map((set) => put(set)))).toEqual(done);
    for (const file of keyFiles("bob.test")) {
      // As it is some days later, when everybody knows the keys.
      const text = readFileSync(file, "utf8").replaceAll("rumoured", "omnipresent");
      writeFileSync(file, text.replaceAll(/^(.*): 20\d{6}(\d{6})/gm, "$1: 20260101$2"));
    }
    expect(named.rndc("loadkeys", "bob.test").status).toBe(0);
    await named.until(() => named.rndc("dnssec", "-status", "bob.test").stdout.includes("ds:             rumoured"));
    const { ds } = await report(zone);
    expect(await named.execute(put(plain, zone))).toEqual(done);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(validate("bob.test", ds, "www.bob.test")).toContain("; fully validated");
    expect(named.rndc("dnssec", "-status", "bob.test").stdout).toContain("ds:             unretentive");
    const states = keyFiles("bob.test").filter((name) => name.endsWith(".state"));
    // From here on named counts until every cache has forgotten the record.
    for (const file of states) expect(readFileSync(file, "utf8")).toContain("\nDSRemoved: ");
    expect((await report(plain)).ds).toEqual([]);
    expect(await named.provider.drifted(unitsOf(plain, ...sets), signal)).toEqual([]);
  });
});

describe("names that are long", () => {
  const long = (length: number) => `${`${"a".repeat(59)}.`.repeat(4).slice(0, length - 5)}.test`;

  it("can be signed as far as their keys have files", async () => {
    const longest = signed(long(225));
    expect(named.provider.audit(longest)).toEqual([]);
    expect(await named.execute(put(longest))).toEqual(done);
    expect((await report(longest)).ds).toHaveLength(1);
    expect(await named.execute(take(longest))).toEqual(done);
    expect(named.provider.audit(signed(long(226)))).toMatchObject([{ field: "zone" }]);
    const unsigned = zoneUnit(`${"b".repeat(63)}.${"a".repeat(63)}.${"a".repeat(63)}.${"a".repeat(56)}.test`);
    expect(unsigned.zone).toHaveLength(253);
    expect(await named.execute(put(unsigned))).toEqual(done);
    expect(await named.provider.drifted(unitsOf(unsigned), signal)).toEqual([]);
  });
});
