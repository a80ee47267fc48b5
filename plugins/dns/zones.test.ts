import { isPanelError } from "@patchbay/sdk";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordView } from "./record-view.ts";
import { admin, createPanel, type Panel, user } from "./testing/panel.ts";
import type { ZoneView } from "./zone-view.ts";

let panel: Panel;
beforeEach(async () => {
  panel = await createPanel();
});
afterEach(() => panel.close());

const listZones = (accountId = 1) => panel.call<ZoneView[]>("dns.list", { account_id: accountId });

async function zoneOf(name: string): Promise<ZoneView> {
  const found = [...(await listZones(1)), ...(await listZones(2))].find((zone) => zone.domain === name);
  if (!found) throw new Error(`no zone ${name}`);
  return found;
}

/** Records of a zone, `name type value`. */
async function lines(name: string): Promise<string[]> {
  const records = await panel.call<RecordView[]>("dns.records", { zone_id: (await zoneOf(name)).id });
  return records.map((one) => [one.name, one.type, one.priority, one.value].filter((part) => part !== null).join(" "));
}

async function add(zone: string, type: string, name: string, value: string, principal = admin): Promise<RecordView> {
  return panel.call("dns.add-record", { zone_id: (await zoneOf(zone)).id, type, name, value }, principal);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return isPanelError(error) ? `${error.status} ${error.code}` : `${error}`;
  }
}

const template = [
  "@ A 192.0.2.1",
  "@ MX 10 mail.example.com",
  "@ NS ns1.host.test",
  "@ NS ns2.host.test",
  "@ TXT v=spf1 a mx ~all",
  "mail A 192.0.2.1",
  "www A 192.0.2.1",
];

describe("a domain", () => {
  it("gets a zone with the template", async () => {
    await panel.addDomain(1, "example.com", "main");
    expect(await lines("example.com")).toEqual(template);
    expect(await listZones()).toEqual([
      {
        id: 1,
        account_id: 1,
        domain: "example.com",
        serial: 1_800_000_000,
        primary_ns: "ns1.host.test",
        secondary_ns: "ns2.host.test",
        ttl: 3600,
        status: "active",
        record_count: 7,
        dnssec: false,
        provider: null,
      },
    ]);
    expect(panel.guarded).toEqual(["dns.zone-provision"]);
    expect(panel.touched[0]).toBe("dns:example.com");
    expect(new Set(panel.touched.slice(1).map((key) => key.split("|")[0]))).toEqual(new Set(["dns:example.com"]));
    expect((await panel.slot.load(panel.read, ["example.com"])).get("example.com")).toEqual({
      kind: "zone",
      zone: "example.com",
      primary: "ns1.host.test",
      contact: "hostmaster.example.com",
      dnssec: false,
    });
  });

  it("has name servers of its own where the server names none, and the addresses that are set", async () => {
    Object.assign(panel.options, {
      ns1_hostname: "",
      ns2_hostname: "",
      dns_server_ipv4: "203.0.113.9",
      dns_server_ipv6: "2001:db8::9",
    });
    await panel.addDomain(1, "example.com");
    expect(await lines("example.com")).toEqual([
      "@ A 203.0.113.9",
      "@ AAAA 2001:db8::9",
      "@ MX 10 mail.example.com",
      "@ NS ns1.example.com",
      "@ NS ns2.example.com",
      "@ TXT v=spf1 a mx ~all",
      ...["mail", "ns1", "ns2", "www"].flatMap((name) => [`${name} A 203.0.113.9`, `${name} AAAA 2001:db8::9`]),
    ]);
    expect((await zoneOf("example.com")).primary_ns).toBe("ns1.example.com");
  });

  it("has addresses for name servers that are inside it", async () => {
    Object.assign(panel.options, { ns2_hostname: "" });
    await panel.addDomain(1, "host.test");
    expect(await lines("host.test")).toEqual([
      "@ A 192.0.2.1",
      "@ MX 10 mail.host.test",
      "@ NS ns1.host.test",
      "@ TXT v=spf1 a mx ~all",
      "mail A 192.0.2.1",
      "ns1 A 192.0.2.1",
      "www A 192.0.2.1",
    ]);
    expect(await zoneOf("host.test")).toMatchObject({ primary_ns: "ns1.host.test", secondary_ns: "" });
  });

  it("asks for an address when the server listens on all of them", async () => {
    panel.host.address = "0.0.0.0";
    await panel.addDomain(1, "named.test");
    expect((await lines("named.test")).filter((line) => line.includes(" A "))).toEqual([]);
    Object.assign(panel.options, { ns1_hostname: "", ns2_hostname: "" });
    expect(await refusal(panel.addDomain(1, "example.com"))).toBe("409 DNS_ADDRESS_UNKNOWN");
    panel.host.address = "2001:db8::5";
    await panel.addDomain(1, "example.org");
    expect(await lines("example.org")).toContain("ns1 AAAA 2001:db8::5");
  });

  it("may have the longest name", async () => {
    Object.assign(panel.options, { ns1_hostname: "", ns2_hostname: "" });
    const name = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example`;
    expect(name.length).toBe(251);
    await panel.addDomain(1, name);
    expect(await lines(name)).toEqual(["@ A 192.0.2.1", `@ MX 10 ${name}`, `@ NS ${name}`, "@ TXT v=spf1 a mx ~all"]);
  });

  it("takes its zone along", async () => {
    await panel.addDomain(1, "example.com");
    await panel.addDomain(1, "example.org");
    await add("example.com", "TXT", "x", "y");
    panel.touched.length = 0;
    await panel.removeDomain("example.com");
    expect((await listZones()).map((zone) => zone.domain)).toEqual(["example.org"]);
    expect(await panel.slot.load(panel.read, ["example.com", "example.com|x.example.com|TXT"])).toEqual(new Map());
    expect(panel.touched).toContain("dns:example.com|x.example.com|TXT");
    expect(panel.touched.at(-1)).toBe("dns:example.com");
    expect(panel.guarded.at(-1)).toBe("dns.zone-deprovision");
  });

  it("keeps the records of the zone its account had for it", async () => {
    const { id } = await panel.call<ZoneView>("dns.add-zone", { account_id: 1, domain: "example.com" }, user);
    await add("example.com", "TXT", "x", "y");
    await panel.addDomain(1, "example.com");
    expect(await lines("example.com")).toEqual([...template, "x TXT y"]);
    expect(await refusal(panel.call("dns.delete-zone", { zone_id: id }))).toBe("409 ZONE_OF_DOMAIN");
  });

  it("cannot take the name of another account's zone, nor one above or below it unless an admin decides", async () => {
    await panel.call("dns.add-zone", { account_id: 2, domain: "outside.test" });
    expect(await refusal(panel.addDomain(1, "outside.test"))).toBe("409 ZONE_EXISTS");
    expect(await refusal(panel.addDomain(1, "shop.outside.test", "addon", user))).toBe("409 ZONE_BELONGS_TO_OTHER");
    await panel.call("dns.add-zone", { account_id: 2, domain: "deep.inside.test" });
    expect(await refusal(panel.addDomain(1, "inside.test", "addon", user))).toBe("409 ZONE_BELONGS_TO_OTHER");
    expect(await refusal(panel.addDomain(1, "eep.inside.test", "addon", user))).toBe("done");
    expect(await refusal(panel.addDomain(1, "inside.test"))).toBe("done");
  });

  it("ends with its account, and so do zones without a domain", async () => {
    await panel.addDomain(1, "example.com");
    await panel.addDomain(1, "shop.example.com", "subdomain");
    await panel.call("dns.add-zone", { account_id: 1, domain: "outside.test" });
    await panel.addDomain(2, "example.org");
    await panel.endAccount(1);
    for (const name of ["shop.example.com", "example.com"]) await panel.removeDomain(name);
    expect(await panel.db("dns_zones").pluck("name")).toEqual(["example.org"]);
    expect(await panel.db("dns_records").where("unit_key", "not like", "example.org|%")).toEqual([]);
  });
});

describe("a name below a zone of its account", () => {
  it("gets addresses in it, which go with it", async () => {
    await panel.addDomain(1, "example.com");
    await panel.addDomain(1, "shop.example.com", "subdomain");
    await panel.addDomain(1, "to.example.com", "redirect");
    expect(await lines("example.com")).toEqual([
      ...template.slice(0, 6),
      "shop A 192.0.2.1",
      "to A 192.0.2.1",
      "www A 192.0.2.1",
    ]);
    const [shop] = await panel.db("dns_records").where({ name: "shop.example.com" });
    expect(await refusal(panel.call("dns.delete-record", { record_id: shop.id }))).toBe("409 RECORD_MANAGED");
    await panel.removeDomain("shop.example.com");
    await panel.removeDomain("to.example.com");
    expect(await lines("example.com")).toEqual(template);
  });

  it("stays where its people have said it leads", async () => {
    await panel.addDomain(1, "example.com");
    await add("example.com", "A", "a", "198.51.100.1");
    await add("example.com", "CNAME", "b", "x.cdn.test");
    await add("example.com", "NS", "c", "ns.test");
    const before = await lines("example.com");
    for (const name of ["a", "b", "c", "x.c"]) await panel.addDomain(1, `${name}.example.com`, "subdomain");
    expect(await lines("example.com")).toEqual(before);
    for (const name of ["a", "b", "c", "x.c"]) await panel.removeDomain(`${name}.example.com`);
    expect(await lines("example.com")).toEqual(before);
  });

  it("has a zone of its own when the account has none above", async () => {
    await panel.addDomain(2, "example.com");
    await panel.addDomain(1, "shop.example.com", "subdomain");
    expect((await zoneOf("shop.example.com")).account_id).toBe(1);
    await panel.removeDomain("shop.example.com");
    expect(await listZones(1)).toEqual([]);
  });
});

describe("a zone without a domain", () => {
  const addZone = (domain: string, accountId = 1, principal = user) =>
    panel.call<ZoneView>("dns.add-zone", { account_id: accountId, domain }, principal);

  it("is added and deleted by its people", async () => {
    const zone = await addZone("example.com");
    expect(zone).toMatchObject({ domain: "example.com", record_count: 7 });
    await panel.call("dns.delete-zone", { zone_id: zone.id }, user);
    expect(await panel.db("dns_records")).toEqual([]);
    expect(panel.guarded).toEqual(["dns.zone-provision", "dns.zone-deprovision"]);
  });

  it("obeys the rules of domains", async () => {
    await panel.addDomain(2, "example.com");
    expect(await refusal(addZone("taken.test"))).toBe("409 DOMAIN_EXISTS");
    expect(await refusal(addZone("example.com"))).toBe("409 ZONE_EXISTS");
    expect(await refusal(addZone("shop.example.com"))).toBe("409 ZONE_BELONGS_TO_OTHER");
    expect(await refusal(addZone("shop.example.com", 2, admin))).toBe("409 ZONE_EXISTS");
    panel.aliases.set("taken.test", 1);
    expect(await refusal(addZone("taken.test"))).toBe("done");
    expect(await refusal(addZone("localhost"))).toContain("ValiError");
  });

  it("is one of at most 100", async () => {
    const [first] = [await addZone("z0.test")];
    const row = await panel.db("dns_zones").first();
    for (let at = 1; at < 100; at += 1) {
      await panel
        .db("dns_zones")
        .insert({ ...row, id: 100 + at, uuid: `u${at}`, name: `z${at}.test`, backwards: `test.z${at}` });
    }
    expect(await refusal(addZone("more.test"))).toBe("403 TOO_MANY_ZONES");
    await panel.call("dns.delete-zone", { zone_id: first.id });
    expect(await refusal(addZone("more.test"))).toBe("done");
  });
});

describe("resetting a zone", () => {
  const reset = async (name: string) => panel.call("dns.reset-zone", { zone_id: (await zoneOf(name)).id }, user);

  it("brings the template as it is now, and leaves people's records", async () => {
    await panel.addDomain(1, "example.com");
    await panel.addDomain(1, "shop.example.com", "subdomain");
    await add("example.com", "TXT", "@", "site-verification=1");
    const www = (await panel.call<RecordView[]>("dns.records", { zone_id: 1 })).find(({ name }) => name === "www");
    await panel.call("dns.update-record", { record_id: www?.id, name: "www", value: "198.51.100.1", ttl: 60 });
    Object.assign(panel.options, { ns1_hostname: "ns1.new.test", ns2_hostname: "", dns_server_ipv4: "203.0.113.9" });
    panel.touched.length = 0;
    expect(await reset("example.com")).toEqual({ zone_id: 1, added: 4, removed: 5, skipped: [] });
    expect(await lines("example.com")).toEqual([
      "@ A 203.0.113.9",
      "@ MX 10 mail.example.com",
      "@ NS ns1.new.test",
      "@ TXT v=spf1 a mx ~all",
      "@ TXT site-verification=1",
      "mail A 203.0.113.9",
      "shop A 192.0.2.1",
      "www A 203.0.113.9",
    ]);
    expect(await zoneOf("example.com")).toMatchObject({ primary_ns: "ns1.new.test", secondary_ns: "" });
    expect(panel.touched).toContain("dns:example.com");
    expect(await reset("example.com")).toEqual({ zone_id: 1, added: 0, removed: 0, skipped: [] });
  });

  it("leaves out what people say themselves", async () => {
    await panel.addDomain(1, "example.com");
    const records = await panel.call<RecordView[]>("dns.records", { zone_id: 1 });
    for (const { id, type } of records.filter((one) => one.type !== "NS")) {
      if (type !== "MX") await panel.call("dns.delete-record", { record_id: id });
    }
    await add("example.com", "AAAA", "@", "2001:db8::7");
    await add("example.com", "CNAME", "www", "x.cdn.test");
    await add("example.com", "TXT", "@", "v=spf1 -all");
    expect(await reset("example.com")).toEqual({
      zone_id: 1,
      added: 1,
      removed: 0,
      skipped: ["example.com A", "www.example.com A", "example.com TXT"],
    });
    expect(await lines("example.com")).toContain("mail A 192.0.2.1");
  });

  it("is refused when a name server would have no address", async () => {
    await panel.addDomain(1, "example.com");
    await add("example.com", "CNAME", "ns1", "x.cdn.test");
    const before = await lines("example.com");
    Object.assign(panel.options, { ns1_hostname: "", ns2_hostname: "" });
    expect(await refusal(reset("example.com"))).toBe("409 RECORD_NEEDED");
    expect(await lines("example.com")).toEqual(before);
  });
});

describe("DNSSEC", () => {
  const status = () => panel.call("dns.dnssec-status", { zone_id: 1 }, user);

  it("marks the zone alone, and shows what its server reports", async () => {
    await panel.addDomain(1, "example.com");
    panel.touched.length = 0;
    expect(await panel.call("dns.dnssec-enable", { zone_id: 1 }, user)).toEqual({ zone_id: 1, enabled: true });
    expect(panel.touched).toEqual(["dns:example.com"]);
    expect((await panel.slot.load(panel.read, ["example.com"])).get("example.com")).toMatchObject({ dnssec: true });
    expect(await status()).toEqual({
      zone_id: 1,
      enabled: true,
      ds: [],
      serial: null,
      name_servers: ["ns1.host.test", "ns2.host.test"],
    });
    const ds = ["12345 13 2 ABCD"];
    panel.reports.set("example.com", { serial: 7, ds, nameServers: ["x.ns.provider.test"] });
    expect(await status()).toEqual({ zone_id: 1, enabled: true, ds, serial: 7, name_servers: ["x.ns.provider.test"] });
    await panel.call("dns.dnssec-disable", { zone_id: 1 }, user);
    expect(await status()).toMatchObject({ enabled: false, ds: [] });
    panel.reports.set("example.com", {} as never);
    expect(await refusal(status())).toBe("503 DNS_SERVER_UNAVAILABLE");
  });
});

describe("a zone's DNS server", () => {
  const assign = (provider: string | null) => panel.call<ZoneView>("dns.set-provider", { zone_id: 1, provider });

  it("is one that is installed, or the chosen one", async () => {
    await panel.addDomain(1, "example.com");
    await panel.addDomain(1, "example.com.au");
    const keys = await panel.slot.keys(panel.read, "", 1000);
    expect(await refusal(assign("nsd"))).toBe("409 BACKEND_NOT_INSTALLED");
    expect(await refusal(assign("none"))).toBe("409 BACKEND_NOT_INSTALLED");
    expect(await panel.slot.assigned?.(panel.read, keys)).toEqual(new Map());
    panel.touched.length = 0;
    expect((await assign("cloudflare")).provider).toBe("cloudflare");
    const own = keys.filter((key) => /^example\.com(?:\||$)/.test(key));
    expect(panel.touched.sort()).toEqual(own.map((key) => `dns:${key}`));
    expect(await panel.slot.assigned?.(panel.read, keys)).toEqual(new Map(own.map((key) => [key, "cloudflare"])));
    expect((await assign(null)).provider).toBeNull();
  });
});

describe("the slot", () => {
  it("pages all keys as one sorted sequence", async () => {
    for (const name of ["example.com", "example.com.au", "a.test", "example-1.com"]) await panel.addDomain(1, name);
    const all = await panel.slot.keys(panel.read, "", 1000);
    expect(all).toEqual([...new Set(all)].sort());
    expect(all.length).toBe(4 + 4 * 6);
    for (const size of [1, 2, 7]) {
      const paged: string[] = [];
      for (let after = ""; ; after = paged.at(-1) ?? "") {
        const page = await panel.slot.keys(panel.read, after, size);
        paged.push(...page);
        if (page.length < size) break;
      }
      expect(paged).toEqual(all);
    }
    const units = await panel.slot.load(panel.read, [...all, "gone.test", "a.test|x.a.test|A"]);
    expect([...units.keys()].sort()).toEqual(all);
    for (const unit of units.values()) v.parse(panel.slot.unit, unit);
    expect(units.get("a.test|a.test|NS")).toMatchObject({ data: ["ns1.host.test.", "ns2.host.test."] });
  });
});

describe("ownership and settings", () => {
  it("leads to the account", async () => {
    await panel.addDomain(2, "example.com");
    const owner = { accountId: 2, userId: 12, resellerId: 21 };
    expect(await panel.objects.get("dns-zone")?.owner(panel.read, 1)).toEqual(owner);
    expect(await panel.objects.get("dns-record")?.owner(panel.read, 1)).toEqual(owner);
    expect(await panel.objects.get("dns-record")?.owner(panel.read, 999)).toBeUndefined();
  });

  it("takes canonical addresses or none", () => {
    const parse = (key: string, value: unknown) => {
      const schema = panel.settings.get(key)?.schema;
      return schema === undefined ? "no setting" : v.safeParse(schema, value).output;
    };
    const accepted = (key: string, value: string) => {
      const schema = panel.settings.get(key)?.schema;
      return schema !== undefined && v.safeParse(schema, value).success;
    };
    expect([parse("dns_server_ipv4", ""), parse("dns_server_ipv4", "192.0.2.1")]).toEqual(["", "192.0.2.1"]);
    expect(parse("dns_server_ipv6", "2001:DB8::0:1")).toBe("2001:db8::1");
    expect([accepted("dns_server_ipv4", "127.1"), accepted("dns_server_ipv6", "192.0.2.1")]).toEqual([false, false]);
  });
});
