import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordView } from "./record-view.ts";
import { admin, createPanel, type Panel, user } from "./testing/panel.ts";
import { zones } from "./zones.ts";

const name = "example.com";
let panel: Panel;
let zone: { zoneId: number; accountId: number; zone: string };

beforeEach(async () => {
  panel = await createPanel();
  await panel.addDomain(1, name, "main");
  const [row] = await panel.db("dns_zones");
  zone = { zoneId: row.id, accountId: 1, zone: name };
});
afterEach(() => panel.close());

/** Hooks since the last time it was asked. */
const told = () => panel.emitted.splice(0);
const ids = () => told().map(({ id }) => id);

describe("zones", () => {
  it("are told of when they come and go, whose domain they are or none's, and not their records", async () => {
    expect(told()).toEqual([{ id: "dns.zone-added", payload: zone }]);
    await panel.removeDomain(name);
    expect(told()).toEqual([{ id: "dns.zone-removed", payload: zone }]);
    const { id } = await panel.call<{ id: number }>("dns.add-zone", { account_id: 1, domain: "lone.test" }, user);
    await panel.call("dns.delete-zone", { zone_id: id }, user);
    expect(ids()).toEqual(["dns.zone-added", "dns.zone-removed"]);
  });

  it("are told of when something of the whole differs, and not when it was so before", async () => {
    told();
    const input = { zone_id: zone.zoneId };
    for (const op of ["dns.dnssec-enable", "dns.dnssec-enable", "dns.dnssec-disable"])
      await panel.call(op, input, user);
    for (const provider of ["cloudflare", "cloudflare"])
      await panel.call("dns.set-provider", { ...input, provider }, admin);
    await panel.call("dns.reset-zone", input, user);
    panel.host.address = "192.0.2.99";
    await panel.call("dns.reset-zone", input, user);
    const whats = ["dnssec", "dnssec", "provider", "reset"];
    expect(told()).toEqual(whats.map((what) => ({ id: "dns.zone-updated", payload: { ...zone, what } })));
  });
});

describe("records", () => {
  it("are told of when they are added, differ and go", async () => {
    told();
    const input = { zone_id: zone.zoneId, type: "TXT", name: "a", value: "one", ttl: 300 };
    const record = await panel.call<RecordView>("dns.add-record", input, user);
    const change = { record_id: record.id, name: "a", value: "two", ttl: 300 };
    await panel.call("dns.update-record", change, user);
    await panel.call("dns.update-record", change, user);
    await panel.call("dns.delete-record", { record_id: record.id }, user);
    const payload = { ...zone, recordId: record.id, name: "a.example.com", type: "TXT", ttl: 300, owner: "" };
    expect(told()).toEqual([
      { id: "dns.record-added", payload: { ...payload, data: '"one"' } },
      { id: "dns.record-updated", payload: { ...payload, data: '"two"' } },
      { id: "dns.record-removed", payload: { ...payload, data: '"two"' } },
    ]);
  });

  it("are told of with their owner when they are a plugin's", async () => {
    told();
    const record = { owner: "mail", name: "k1.example.com", type: "TXT", value: "v=DKIM1", ttl: 600 } as const;
    for (let at = 0; at < 2; at += 1) await panel.change((change) => zones.put(change, record));
    await panel.change((change) => zones.take(change, record));
    expect(told()).toMatchObject([
      { id: "dns.record-added", payload: { name: "k1.example.com", owner: "mail" } },
      { id: "dns.record-removed", payload: { name: "k1.example.com", owner: "mail" } },
    ]);
  });
});
