import { setKey } from "../../plugins/dns/contract.ts";
import { templateOf } from "../../plugins/dns/template.ts";
import { toBackwards } from "../../plugins/web/contract.ts";
import type { SeedDatabase, SeedRow } from "./seed-rows.ts";

export interface SeedZone {
  readonly name: string;
  /** Of the domain it came with. */
  readonly domainId: number | null;
  /** Filled up with addresses when the template has fewer. */
  readonly records?: number;
}

/** The zones that domains come with where the server has no name servers of its own. Nothing is served by it. */
export async function insertZones(db: SeedDatabase, accountId: number, zones: readonly SeedZone[]): Promise<void> {
  const serial = Math.floor(Date.now() / 1000);
  const facts = { nameServers: [], ipv4: "127.0.0.1", ipv6: null };
  const made = zones.map((zone) => ({ zone, template: templateOf({ zone: zone.name, ...facts }) }));
  await db.insert(
    "dns_zones",
    made.map(({ zone: { domainId, name }, template: { contact, primary } }) => ({
      account_id: accountId,
      domain_id: domainId,
      name,
      backwards: toBackwards(name),
      primary_ns: primary,
      contact,
      serial,
    })),
  );
  const ids = await db.ids("dns_zones");
  const records = made.flatMap(({ zone, template }) => {
    const fillers = addresses(zone.name, (zone.records ?? 0) - template.records.length);
    return [...template.records, ...fillers].map(
      ({ data, name, ttl, type }): SeedRow => ({
        zone_id: ids.get(zone.name) ?? null,
        name,
        type,
        ttl,
        data,
        template: 1,
        unit_key: setKey({ zone: zone.name, name, type }),
      }),
    );
  });
  await db.insert("dns_records", records);
}

function addresses(zone: string, count: number) {
  const one = (at: number) => ({ name: `host-${at}.${zone}`, type: "A" as const, ttl: 3600, data: "192.0.2.1" });
  return Array.from({ length: Math.max(0, count) }, (_, at) => one(at));
}
