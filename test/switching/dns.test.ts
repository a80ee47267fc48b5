import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { CloudflareDouble, doubleToken } from "../harness/cloudflare/double.ts";
import { TestInstance } from "../harness/instance.ts";
import { createAccount, must } from "../harness/must.ts";
import { beginSwitch, endOf, optionOf, switchTo } from "./operation.ts";

const zones = 1000;
const atOnce = 25;

let instance: TestInstance;
let admin: Client;
let double: CloudflareDouble;
let transferKey: string;

beforeAll(async () => {
  double = await CloudflareDouble.start();
  instance = await TestInstance.start();
  admin = await instance.admin();
  const account = await createAccount(admin, "owner");
  const names = Array.from({ length: zones - 1 }, (_, at) => `z${at}.test`);
  while (names.length > 0) {
    await Promise.all(
      names.splice(0, atOnce).map((domain) => must(admin.post("dns/add-zone", { account_id: account.id, domain }))),
    );
  }
  const values = { api_token: doubleToken, base_url: double.baseUrl };
  await must(admin.post("plugins/save-settings", { id: "dns-cloudflare", values }));
  transferKey = await keyOfSecondaries();
}, 300_000);

afterAll(async () => {
  admin?.close();
  await instance?.destroy();
  await double?.stop();
});

/** `hmac-sha256:name:secret`, as dig takes it. */
async function keyOfSecondaries(): Promise<string> {
  const { config } = await must(admin.get("bind/secondary-config"));
  const [, name, secret] = /key "?([^"\s]+)"? \{[^}]*secret "([^"]+)"/s.exec(config) ?? [];
  return `hmac-sha256:${name}:${secret}`;
}

/** All records of a zone as BIND gives them away to a secondary, without what it adds itself. */
function transfer(zone: string): readonly string[] {
  const at = ["@127.0.0.1", "-p", String(instance.ports.services + 53), "-y", transferKey];
  const text = execFileSync("dig", [...at, "AXFR", zone, "+noall", "+answer"], { encoding: "utf8" });
  const own = /\s(?:SOA|RRSIG|DNSKEY|NSEC|CDS|CDNSKEY|TYPE65534)\s/;
  return text
    .split("\n")
    .filter((line) => line !== "" && !own.test(line) && !line.startsWith(";"))
    .map((line) => line.replace(/\s+/g, " "))
    .sort();
}

const sample = Array.from({ length: 40 }, (_, at) => `z${at * 24}.test`);

describe(`${zones} zones`, () => {
  let before: ReadonlyMap<string, readonly string[]>;

  it("are all answered by BIND", async () => {
    expect(await optionOf(admin, "dns_server")).toBe("bind9");
    before = new Map(
      [...Array.from({ length: zones - 1 }, (_, at) => `z${at}.test`), "owner.test"].map((zone) => [
        zone,
        transfer(zone),
      ]),
    );
    for (const lines of before.values()) expect(lines.length).toBeGreaterThan(3);
  }, 120_000);

  it("go to Cloudflare with every record, and nothing is saved before all of them are there", async () => {
    const view = await switchTo(admin, "dns_server", "cloudflare");
    expect(view.progress).toBe(1);
    expect(double.zones.all()).toHaveLength(zones);
    for (const [zone, lines] of before) {
      // Cloudflare answers with name servers of its own at the apex.
      const expected = lines.filter((line) => !line.startsWith(`${zone}. `) || !line.includes(" NS "));
      expect([zone, double.contents(zone).length]).toEqual([zone, expected.length]);
    }
  }, 300_000);

  it("can be changed there, and come back with what was changed and nothing lost", async () => {
    const { id } = (await must(admin.get("dns/list", { account_id: 1 }))).find(
      ({ domain }: { domain: string }) => domain === "z1.test",
    );
    await must(admin.post("dns/add-record", { zone_id: id, type: "A", name: "moved", value: "192.0.2.77" }));
    expect(double.contents("z1.test")).toContain("moved.z1.test 3600 A 192.0.2.77");
    await switchTo(admin, "dns_server", "bind9");
    for (const [zone, lines] of before) {
      const added = zone === "z1.test" ? ["moved.z1.test. 3600 IN A 192.0.2.77"] : [];
      expect([zone, transfer(zone)]).toEqual([zone, [...lines, ...added].sort()]);
    }
    expect(await must(admin.get("reconcile/plan"))).toEqual({ plan: [], warnings: [] });
  }, 300_000);

  it("stay where they are when the other side fails on the way", async () => {
    double.behave({ failing: { status: 500, times: 100_000 } });
    const view = await endOf(admin, await beginSwitch(admin, "dns_server", "cloudflare"), 240_000);
    double.behave({});
    expect(view.state).toBe("undone");
    expect(await optionOf(admin, "dns_server")).toBe("bind9");
    for (const zone of sample)
      expect([zone, transfer(zone)]).toEqual([zone, expect.arrayContaining([...(before.get(zone) ?? [])])]);
  }, 300_000);
});
