import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { CloudflareDouble, doubleToken } from "../harness/cloudflare/double.ts";
import { TestInstance } from "../harness/instance.ts";
import { createAccount, must } from "../harness/must.ts";
import { transferKeyOf, transferZones, type ZoneLine } from "../harness/zone-transfer.ts";
import { beginSwitch, endOf, optionOf, switchTo } from "./operation.ts";

const accounts = 10;
/** With the one of its main domain. */
const zonesEach = 100;
const zones = accounts * zonesEach;
const atOnce = 25;

let instance: TestInstance;
let admin: Client;
let double: CloudflareDouble;
let transferKey: string;
const names: string[] = [];
const changed = "z1.zones0-more.test";

beforeAll(async () => {
  double = await CloudflareDouble.start();
  instance = await TestInstance.start();
  admin = await instance.admin();
  for (let at = 0; at < accounts; at += 1) names.push(...(await fillAccount(`zones${at}`)));
  const values = { api_token: doubleToken, base_url: double.baseUrl };
  await must(admin.post("plugins/save-settings", { id: "dns-cloudflare", values }));
  transferKey = await transferKeyOf(admin);
}, 300_000);

/** An account with its zones. Resolves with their names. */
async function fillAccount(username: string): Promise<string[]> {
  const { id } = await createAccount(admin, username);
  const added = Array.from({ length: zonesEach - 1 }, (_, at) => `z${at}.${username}-more.test`);
  for (let from = 0; from < added.length; from += atOnce) {
    const part = added.slice(from, from + atOnce);
    await Promise.all(part.map((domain) => must(admin.post("dns/add-zone", { account_id: id, domain }))));
  }
  return [`${username}.test`, ...added];
}

afterAll(async () => {
  admin?.close();
  await instance?.destroy();
  await double?.stop();
});

/** Every zone as BIND gives it away to a secondary, a line for each record. */
async function transferAll(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await transferZones(instance, transferKey, names);
  return new Map([...found].map(([zone, lines]) => [zone, lines.map(toLine)]));
}

function toLine({ data, name, ttl, type }: ZoneLine): string {
  return `${name} ${ttl} ${type} ${data}`;
}

describe(`${zones} zones`, () => {
  let before: ReadonlyMap<string, readonly string[]>;

  it("are all answered by BIND", async () => {
    expect(await optionOf(admin, "dns_server")).toBe("bind9");
    before = await transferAll();
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
      ({ domain }: { domain: string }) => domain === changed,
    );
    await must(admin.post("dns/add-record", { zone_id: id, type: "A", name: "moved", value: "192.0.2.77" }));
    expect(double.contents(changed)).toContain("moved.z1.zones0-more.test 3600 A 192.0.2.77");
    await switchTo(admin, "dns_server", "bind9");
    const after = await transferAll();
    for (const [zone, lines] of before) {
      const added = zone === changed ? [`moved.${changed}. 3600 A 192.0.2.77`] : [];
      expect([zone, [...(after.get(zone) ?? [])].sort()]).toEqual([zone, [...lines, ...added].sort()]);
    }
    expect(await must(admin.get("reconcile/plan"))).toEqual({ plan: [], warnings: [] });
  }, 300_000);

  it("stay where they are when the other side fails on the way", async () => {
    double.behave({ failing: { status: 500, times: 100_000 } });
    const view = await endOf(admin, await beginSwitch(admin, "dns_server", "cloudflare"), 240_000);
    double.behave({});
    expect(view.state).toBe("undone");
    expect(await optionOf(admin, "dns_server")).toBe("bind9");
    const after = await transferAll();
    for (const [zone, lines] of before) expect(after.get(zone)).toEqual(expect.arrayContaining([...lines]));
  }, 300_000);
});
