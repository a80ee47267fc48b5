import type { DnsUnit, RecordSetUnit, ZoneUnit } from "@patchbay/dns/contract";
import { setKey } from "@patchbay/dns/contract";
import type { ExecutingProvider, UnitChange } from "@patchbay/sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CloudflareDouble, doubleToken } from "../../test/harness/cloudflare/double.ts";
import { createApi } from "./api.ts";
import { createCloudflareProvider } from "./provider.ts";

let double: CloudflareDouble;
let provider: ExecutingProvider<DnsUnit>;
let token: string;
const never = AbortSignal.timeout(60_000);

beforeEach(async () => {
  double = await CloudflareDouble.start();
  token = doubleToken;
  const get = (key: string) => ({ api_token: token, base_url: double.baseUrl })[key] ?? "";
  provider = createCloudflareProvider(createApi({ get }));
});

afterEach(() => double.stop());

const zone = (name: string, dnssec = false): ZoneUnit => ({
  kind: "zone",
  zone: name,
  primary: "ns1.panel.test",
  contact: `hostmaster.${name}`,
  dnssec,
});

const set = (name: string, type: RecordSetUnit["type"], data: string[], ttl = 3600): RecordSetUnit => ({
  kind: "set",
  zone: "a.test",
  name,
  type,
  ttl,
  data,
});

const every: readonly RecordSetUnit[] = [
  set("a.test", "A", ["192.0.2.1", "192.0.2.2"]),
  set("a.test", "AAAA", ["2001:db8::1"]),
  set("www.a.test", "CNAME", ["a.test."]),
  set("a.test", "MX", ["10 mail.a.test.", "20 mail2.a.test."]),
  set("a.test", "TXT", ['"v=spf1 a mx ~all"', `"${"x".repeat(255)}" "more \\"quoted\\" \\195\\164"`]),
  set("sub.a.test", "NS", ["ns1.other.test."]),
  set("_sip._tcp.a.test", "SRV", ["10 20 5060 sip.a.test."]),
  set("a.test", "CAA", ['0 issue "letsencrypt.org"']),
  set("ptr.a.test", "PTR", ["host.a.test."]),
];

const upsert = (unit: DnsUnit, previous?: DnsUnit): UnitChange<DnsUnit> => ({ key: keyOf(unit), unit, previous });
const removal = (previous: DnsUnit): UnitChange<DnsUnit> => ({ key: keyOf(previous), unit: null, previous });
const keyOf = (unit: DnsUnit) => (unit.kind === "zone" ? unit.zone : setKey(unit));
const unitsOf = (units: readonly DnsUnit[]) => new Map(units.map((unit) => [keyOf(unit), unit]));

async function execute(...changes: UnitChange<DnsUnit>[]): Promise<void> {
  expect([...(await provider.execute(changes, never))]).toEqual([]);
}

async function moveIn(): Promise<void> {
  await execute(upsert(zone("a.test")), ...every.map((unit) => upsert(unit)));
}

describe("a zone at Cloudflare", () => {
  it("is created with all its records, and is then as wanted", async () => {
    await moveIn();
    expect(double.contents("a.test")).toContain("a.test 3600 MX 10 mail.a.test");
    expect(double.contents("a.test")).toContain("_sip._tcp.a.test 3600 SRV 10 20 5060 sip.a.test");
    expect(double.contents("a.test")).toHaveLength(12);
    expect(await provider.drifted(unitsOf([zone("a.test"), ...every]), never)).toEqual([]);
  });

  it("is sent nothing when nothing differs", async () => {
    await moveIn();
    const before = double.writes().length;
    await moveIn();
    expect(double.writes()).toHaveLength(before);
  });

  it("is sent only the difference", async () => {
    await moveIn();
    const [addresses] = every as [RecordSetUnit];
    double.requests.length = 0;
    await execute(upsert({ ...addresses, data: ["192.0.2.1", "192.0.2.3"] }, addresses));
    expect(double.writes()).toHaveLength(1);
    expect(double.contents("a.test").filter((line) => line.includes(" A "))).toEqual([
      "a.test 3600 A 192.0.2.1",
      "a.test 3600 A 192.0.2.3",
    ]);
    await execute(removal({ ...addresses, data: ["192.0.2.1", "192.0.2.3"] }));
    expect(double.contents("a.test").filter((line) => line.includes(" A "))).toEqual([]);
  });

  it("keeps records the panel does not know, and the proxied flag of those it changes", async () => {
    await moveIn();
    const known = double.zones.named("a.test");
    if (!known) throw new Error("no zone");
    double.zones.apply(known, {
      deletes: [],
      puts: [],
      patches: [],
      posts: [
        { type: "A", name: "a.test", content: "203.0.113.9", ttl: 60 },
        { type: "TXT", name: "other.a.test", content: "somebody's own", ttl: 1 },
      ],
    });
    const [addresses] = every as [RecordSetUnit];
    const first = [...known.records.values()].find((record) => "content" in record && record.content === "192.0.2.2");
    double.zones.apply(known, {
      deletes: [],
      puts: [],
      posts: [],
      patches: [{ id: first?.id ?? "", type: "A", name: "a.test", proxied: true }],
    });
    expect(await provider.drifted(unitsOf([...every]), never)).toEqual([]);
    await execute(upsert({ ...addresses, data: ["192.0.2.1", "192.0.2.7"] }, addresses));
    const changed = [...known.records.values()].find((record) => record.id === first?.id);
    expect(changed).toMatchObject({ content: "192.0.2.7", proxied: true, ttl: 1 });
    await execute(...every.map(removal), removal(zone("a.test")));
    expect(double.contents("a.test")).toEqual(["a.test 60 A 203.0.113.9", "other.a.test 1 TXT somebody's own"]);
  });

  it("leaves the name servers at the apex to Cloudflare, and says so beforehand", async () => {
    const apex = set("a.test", "NS", ["ns1.panel.test."]);
    expect(provider.audit(apex)).toMatchObject([{ lost: true }]);
    expect(provider.audit(set("a.test", "A", ["192.0.2.1"], 172_800))).toMatchObject([{ field: "ttl" }]);
    await execute(upsert(zone("a.test")), upsert(apex));
    expect(double.contents("a.test")).toEqual([]);
  });

  it("reads page after page, and sends large changes in parts", async () => {
    const many = Array.from({ length: 2300 }, (_, at) => set(`h${at}.a.test`, "A", ["192.0.2.1"]));
    await execute(upsert(zone("a.test")), ...many.map((unit) => upsert(unit)));
    expect(double.contents("a.test")).toHaveLength(2300);
    double.requests.length = 0;
    expect(await provider.drifted(unitsOf(many), never)).toEqual([]);
    expect(double.requests.filter((line) => line.includes("/dns_records?")).length).toBeGreaterThan(2);
    const [first] = many as [RecordSetUnit];
    await execute(upsert({ ...first, data: ["192.0.2.9"] }, first));
    expect(double.writes()).toHaveLength(1);
  });

  it("is signed and unsigned, and tells what the parent zone needs", async () => {
    await execute(upsert(zone("a.test", true)));
    expect(await provider.report?.("a.test", zone("a.test", true), never)).toEqual({
      serial: 0,
      ds: [`2371 13 2 ${"1F98".repeat(16)}`],
      nameServers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    });
    await execute(upsert(zone("a.test", false), zone("a.test", true)));
    expect(double.zones.named("a.test")?.dnssec).toBe("disabled");
  });

  it("shows what was changed or deleted by another hand", async () => {
    await moveIn();
    const known = double.zones.named("a.test");
    for (const record of known?.records.values() ?? []) if (record.type === "MX") known?.records.delete(record.id);
    expect(await provider.drifted(unitsOf([...every]), never)).toEqual([
      { key: "a.test|a.test|MX", wanted: "3600 10 mail.a.test.\n3600 20 mail2.a.test.", actual: null },
    ]);
    await moveIn();
    expect(await provider.drifted(unitsOf([...every]), never)).toEqual([]);
  });
});

describe("when Cloudflare does not want", () => {
  it("waits as long as it asks for", async () => {
    double.behave({ limited: 2 });
    const start = performance.now();
    await moveIn();
    expect(performance.now() - start).toBeGreaterThan(1900);
    expect(double.contents("a.test")).toHaveLength(12);
  });

  it("fails the units of the zone alone, and says whose fault it is", async () => {
    await moveIn();
    const other = { ...set("x.b.test", "A", ["192.0.2.1"]), zone: "b.test" };
    const wrong = set("www.a.test", "A", ["192.0.2.1"]);
    const failures = await provider.execute([upsert(wrong), upsert(zone("b.test")), upsert(other)], never);
    expect([...failures].map(([key, error]) => [key, error.kind, error.message])).toEqual([
      ["a.test|www.a.test|A", "invalid", "Cloudflare answered 400 (81053)"],
    ]);
    expect(double.contents("b.test")).toHaveLength(1);
  });

  it("never repeats the token", async () => {
    token = `${doubleToken}-wrong`;
    const failures = await provider.execute([upsert(zone("a.test"))], never);
    const text = String([...failures.values()].map((error) => `${error.message} ${String(error.cause)}`));
    expect(text).toContain("it refuses the API token");
    expect(text).not.toContain(token);
    token = "";
    const unset = await provider.execute([upsert(zone("a.test"))], never);
    expect([...unset.values()][0]?.message).toContain("no API token is set");
  });

  it("tries again what failed inside Cloudflare, and changes nothing twice", async () => {
    double.behave({ failing: { status: 502, times: 2 } });
    await moveIn();
    expect(double.contents("a.test")).toHaveLength(12);
  });

  it("ends when it is told to", async () => {
    double.behave({ slowMs: 5000 });
    const failures = await provider.execute([upsert(zone("a.test"))], AbortSignal.timeout(200));
    expect([...failures.values()].map((error) => error.kind)).toEqual(["unavailable"]);
  });
});
