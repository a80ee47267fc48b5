import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DnsUnit } from "@patchbay/dns/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LiveNamed } from "./testing/live-named.ts";
import { put, serversOf, setUnit, take, unitsOf, zoneUnit } from "./testing/units.ts";
import { filesOf } from "./zone-file.ts";

const signal = new AbortController().signal;
let named: LiveNamed;

beforeAll(async () => {
  named = await LiveNamed.create();
  await named.apply();
});
afterAll(() => named.end());

const done = new Map();
const zone = zoneUnit("ada.test");
const servers = serversOf("ada.test");
const www = setUnit("ada.test", "www", "A", "192.0.2.1", "192.0.2.2");

const drifted = (...units: DnsUnit[]) => named.provider.drifted(unitsOf(...units), signal);

describe("named serves what the units say", () => {
  it("answers a new zone with all its sets at once", async () => {
    const sets = [
      servers,
      www,
      setUnit("ada.test", "@", "MX", "10 mail.ada.test.", "20 mx.example.org."),
      setUnit("ada.test", "@", "TXT", '"v=spf1 -all"', '"a\\"b\\\\c\\255" "second"'),
      setUnit("ada.test", "@", "CAA", '0 issue "ca.example; account=1"', '128 iodef "mailto:a@b.test"'),
      setUnit("ada.test", "*.wild", "AAAA", "2001:db8::1"),
      setUnit("ada.test", "alias", "CNAME", "www.ada.test."),
      setUnit("ada.test", "_sip._tcp", "SRV", "1 2 5060 sip.ada.test.", "0 0 0 ."),
      setUnit("ada.test", "ptr", "PTR", "www.ada.test."),
      setUnit("ada.test", "sub", "NS", "ns.sub.ada.test."),
      setUnit("ada.test", "ns.sub", "A", "192.0.2.53"),
      setUnit("ada.test", "_x", "A", "192.0.2.5"),
    ];
    expect(await named.execute(put(zone), ...sets.map((set) => put(set)))).toEqual(done);
    for (const set of sets.filter(({ name }) => !name.endsWith("sub.ada.test"))) {
      expect(named.short(set.name.replace("*", "any"), set.type)).toEqual([...set.data].sort());
    }
    expect(named.short("ada.test", "SOA")[0]).toMatch(/^ns1\.provider\.test\. hostmaster\.provider\.test\. \d+ /);
    expect(await drifted(zone, ...sets)).toEqual([]);
  });

  it("changes and removes sets, and only them", async () => {
    const serial = () => Number(named.short("ada.test", "SOA")[0]?.split(" ")[2]);
    const before = serial();
    const next = { ...www, ttl: 60, data: ["192.0.2.2", "192.0.2.3"] };
    const text = setUnit("ada.test", "www", "TXT", '"new"');
    expect(await named.execute(put(next, www), put(text))).toEqual(done);
    expect(named.short("www.ada.test", "A")).toEqual(next.data);
    expect(serial()).toBeGreaterThan(before);
    expect(await drifted(zone, servers, next, text)).toEqual([]);
    expect(await named.execute(take(text))).toEqual(done);
    expect(named.short("www.ada.test", "TXT")).toEqual([]);
    expect(await named.execute(put(www, next))).toEqual(done);
  });

  it("turns an alias into an address and back in one change", async () => {
    const alias = setUnit("ada.test", "alias", "CNAME", "www.ada.test.");
    const address = setUnit("ada.test", "alias", "A", "192.0.2.9");
    expect(await named.execute(put(address), take(alias))).toEqual(done);
    expect(named.short("alias.ada.test", "A")).toEqual(["192.0.2.9"]);
    expect(await named.execute(put(alias), take(address))).toEqual(done);
    expect(named.short("alias.ada.test", "CNAME")).toEqual(["www.ada.test."]);
  });

  it("replaces the name servers of a zone as a whole, with their addresses, and their time to live", async () => {
    const own = { ...setUnit("ada.test", "@", "NS", "ns1.ada.test.", "ns2.provider.test."), ttl: 7200 };
    const address = setUnit("ada.test", "ns1", "A", "192.0.2.53");
    expect(await named.execute(put(own, servers), put(address))).toEqual(done);
    expect(await drifted(own, address)).toEqual([]);
    const failures = await named.execute(take(address));
    expect(failures.get("ada.test|ns1.ada.test|A")).toMatchObject({ kind: "invalid" });
    expect(await named.execute(put(servers, own), take(address))).toEqual(done);
    expect(await drifted(servers)).toEqual([]);
    expect(await named.execute(take(servers))).toEqual(done);
    expect(named.short("ada.test", "NS")).toEqual(["ns1.provider.test."]);
    expect(await named.execute(put(servers))).toEqual(done);
  });

  it("tells which set is not taken, and takes the others", async () => {
    const beside = setUnit("ada.test", "www", "CNAME", "ada.test.");
    const good = setUnit("ada.test", "good", "A", "192.0.2.7");
    const failures = await named.execute(put(beside), put(good));
    expect([...failures.keys()]).toEqual(["ada.test|www.ada.test|CNAME"]);
    expect(failures.get("ada.test|www.ada.test|CNAME")).toMatchObject({ kind: "invalid" });
    expect(named.short("good.ada.test", "A")).toEqual(["192.0.2.7"]);
    expect(named.short("www.ada.test", "A")).toEqual(www.data);
    const bob = [zoneUnit("bob.test"), serversOf("bob.test"), setUnit("bob.test", "x", "A", "192.0.2.1")] as const;
    const wrong = setUnit("bob.test", "x", "CNAME", "y.bob.test.");
    const others = await named.execute(put(bob[0]), ...bob.slice(1).map((unit) => put(unit)), put(wrong));
    expect(others.size).toBe(1);
    expect(named.short("bob.test", "NS")).toEqual(serversOf("bob.test").data);
  });

  it("adopts new names for the SOA", async () => {
    const renamed = { ...zone, primary: "ns9.provider.test", contact: "admin.ada.test" };
    expect(await named.execute(put(renamed, zone))).toEqual(done);
    expect(named.short("ada.test", "SOA")[0]).toMatch(/^ns9\.provider\.test\. admin\.ada\.test\. /);
    expect(await drifted(renamed)).toEqual([]);
    expect(await named.execute(put(zone, renamed))).toEqual(done);
  });

  it("carries changes that are larger than a datagram and than a message", async () => {
    const big = Array.from({ length: 2500 }, (_, at) =>
      setUnit("big.test", `h${at}`, "TXT", `"${"x".repeat(40)}${at}"`),
    );
    const first = [put(zoneUnit("big.test")), put(serversOf("big.test"))];
    expect(await named.execute(...first)).toEqual(done);
    expect(await named.execute(...big.map((set) => put(set)))).toEqual(done);
    expect(await drifted(zoneUnit("big.test"), ...big)).toEqual([]);
    expect(await named.execute(take(zoneUnit("big.test")), ...big.map(take))).toEqual(done);
    const huge = Array.from({ length: 9000 }, (_, at) =>
      setUnit("big.test", `h${at}`, "TXT", `"${"x".repeat(90)}${at}"`),
    );
    expect(await named.execute(...first, ...huge.map((set) => put(set)))).toEqual(done);
    expect(named.short("h8999.big.test", "TXT")).toHaveLength(1);
    expect(await drifted(zoneUnit("big.test"), ...huge)).toEqual([]);
    expect(await named.execute(take(zoneUnit("big.test")))).toEqual(done);
  });

  it("tells when a zone is not there that should be", async () => {
    const failures = await named.execute(put(setUnit("missing.test", "a", "A", "192.0.2.1")));
    expect(failures.get("missing.test|a.missing.test|A")).toMatchObject({ kind: "conflict" });
  });

  it("removes a zone with its files, and takes it back with a higher serial", async () => {
    const bob = zoneUnit("bob.test");
    const before = Number(named.short("bob.test", "SOA")[0]?.split(" ")[2]);
    expect(await named.execute(take(bob), take(serversOf("bob.test")))).toEqual(done);
    expect(named.dig("bob.test", "SOA")).toContain("REFUSED");
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const file of filesOf("bob.test", [])) expect(existsSync(join(named.directory("state"), file))).toBe(false);
    expect(await drifted(bob)).toEqual([{ key: "bob.test", wanted: expect.any(String), actual: null }]);
    named.ahead = 60_000;
    expect(await named.execute(put(bob))).toEqual(done);
    named.ahead = 0;
    expect(Number(named.short("bob.test", "SOA")[0]?.split(" ")[2])).toBeGreaterThan(before);
    expect(await named.execute(take(bob))).toEqual(done);
  });
});

describe("after a crash the same changes come again", () => {
  const carol = zoneUnit("carol.test");
  const sets = [serversOf("carol.test"), setUnit("carol.test", "a", "A", "192.0.2.1")];
  const changes = [put(carol), ...sets.map((set) => put(set))];

  it("whole, twice, and half", async () => {
    expect(await named.execute(put(carol), put(sets[0] as (typeof sets)[number]))).toEqual(done);
    for (let round = 0; round < 2; round += 1) {
      expect(await named.execute(...changes)).toEqual(done);
      expect(await drifted(carol, ...sets)).toEqual([]);
    }
    for (let round = 0; round < 2; round += 1) {
      expect(await named.execute(take(carol), ...sets.map(take))).toEqual(done);
    }
  });

  it("with files of a zone that is gone left behind", async () => {
    const [file = ""] = filesOf("carol.test", []);
    expect(await named.execute(...changes)).toEqual(done);
    const old = setUnit("carol.test", "old", "A", "192.0.2.1");
    expect(await named.execute(put(old))).toEqual(done);
    expect(named.rndc("delzone", "carol.test").status).toBe(0);
    expect(existsSync(join(named.directory("state"), `${file}.jnl`))).toBe(true);
    expect(await named.execute(...changes)).toEqual(done);
    expect(named.short("old.carol.test", "A")).toEqual([]);
  });

  it("and everything is there again when named was killed", async () => {
    const late = setUnit("carol.test", "late", "A", "192.0.2.1");
    expect(await named.execute(put(late))).toEqual(done);
    await named.stop("SIGKILL");
    const failures = await named.execute(take(late));
    expect(failures.get("carol.test|late.carol.test|A")).toMatchObject({ kind: "unavailable" });
    await expect(drifted(carol)).rejects.toMatchObject({ kind: "unavailable" });
    await named.apply();
    expect(await drifted(carol, ...sets, late)).toEqual([]);
  });
});

describe("what another hand does", () => {
  it("is told as drift, and mended", async () => {
    const dora = [zoneUnit("dora.test"), serversOf("dora.test"), setUnit("dora.test", "a", "TXT", '"x"')] as const;
    expect(await named.execute(...dora.map((unit) => put(unit)))).toEqual(done);
    const update = `server 127.0.0.1 ${named.info.ports.dns}\nzone dora.test\nupdate delete a.dora.test TXT\nupdate add a.dora.test 5 TXT "a\\"b" "c"\nsend\n`;
    expect(named.run("nsupdate", ["-y", named.keyWord("update")], update).status).toBe(0);
    expect(await drifted(...dora)).toEqual([
      { key: "dora.test|a.dora.test|TXT", wanted: '3600 TXT "x"', actual: '5 TXT "a\\"b" "c"' },
    ]);
    expect(await named.execute(put(dora[2], dora[2]))).toEqual(done);
    expect(await drifted(...dora)).toEqual([]);
  });

  it("needs the key: updates and transfers are refused to strangers", async () => {
    const server = `server 127.0.0.1 ${named.info.ports.dns}\nzone dora.test\nupdate add e.dora.test 5 A 192.0.2.1\nsend\n`;
    expect(named.run("nsupdate", [], server).stderr).toContain("REFUSED");
    const wrong = `hmac-sha256:patchbay-update:${Buffer.alloc(32).toString("base64")}`;
    expect(named.run("nsupdate", ["-y", wrong], server).status).not.toBe(0);
    const transfer = named.keyWord("transfer");
    expect(named.run("nsupdate", ["-y", transfer], server).stderr).toContain("REFUSED");
    expect(named.dig("dora.test", "AXFR")).toContain("Transfer failed");
    expect(named.dig("-y", transfer, "dora.test", "AXFR")).toContain("ns1.provider.test.");
    expect(named.dig("+short", "version.bind", "CH", "TXT")).toBe("");
    expect(named.dig("+rec", "example.com", "A")).toContain("REFUSED");
  });
});

describe("its configuration", () => {
  it("is tested and reloaded while zones answer, and proves it by the generation", async () => {
    const before = named.provider.generation?.(99) ?? {};
    expect(await named.probe(before)).toBe(false);
    named.secondaries = "127.0.0.2 [::1]:5353";
    await named.apply();
    expect(named.short("dora.test", "NS")).toEqual(serversOf("dora.test").data);
    named.secondaries = "";
    await named.apply();
  });
});
