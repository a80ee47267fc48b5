import { defineSlot, type Read } from "@patchbay/sdk";
import { type DnsUnit, dnsSlotId, dnsUnit, parseKey, setKey, zoneKey } from "./contract.ts";
import type { RecordRow, ZoneRow } from "./rows.ts";

/** The keys travel as one value, so the texts stay constant. */
const zonesSql = `SELECT name, primary_ns, contact, dnssec FROM dns_zones
WHERE name IN (SELECT value FROM json_each(?))`;
const setsSql = `SELECT unit_key, name, type, ttl, data FROM dns_records
WHERE unit_key IN (SELECT value FROM json_each(?)) ORDER BY unit_key, data`;
/** Both halves walk an index from `after` on and stop at the limit. */
const keysSql = `SELECT unit_key FROM (SELECT name AS unit_key FROM dns_zones WHERE name > ? ORDER BY name LIMIT ?)
UNION ALL SELECT unit_key FROM (SELECT DISTINCT unit_key FROM dns_records WHERE unit_key > ? ORDER BY unit_key LIMIT ?)
ORDER BY unit_key LIMIT ?`;
const assignedSql = `SELECT name, provider FROM dns_zones
WHERE provider IS NOT NULL AND name IN (SELECT value FROM json_each(?))`;

/** Zones and their record sets. */
export const dnsSlot = defineSlot<DnsUnit>({
  id: dnsSlotId,
  title: "DNS server",
  option: "dns_server",
  cardinality: "many",
  optional: true,
  unit: dnsUnit,
  after: [],
  load: async (read, keys) => {
    const units = new Map<string, DnsUnit>();
    const isSet = (key: string) => parseKey(key).type !== undefined;
    await loadZones(
      read,
      keys.filter((key) => !isSet(key)),
      units,
    );
    await loadSets(read, keys.filter(isSet), units);
    return units;
  },
  keys: async (read, after, limit) => {
    const rows = await read.all<{ unit_key: string }>(keysSql, [after, limit, after, limit, limit]);
    return rows.map((row) => row.unit_key);
  },
  assigned: async (read, keys) => {
    const zones = [...new Set(keys.map((key) => parseKey(key).zone))];
    const rows = await read.all<{ name: string; provider: string }>(assignedSql, [JSON.stringify(zones)]);
    const providers = new Map(rows.map((row) => [row.name, row.provider]));
    return new Map(
      keys.flatMap((key) => {
        const provider = providers.get(parseKey(key).zone);
        return provider === undefined ? [] : [[key, provider] as const];
      }),
    );
  },
});

async function loadZones(read: Read, keys: readonly string[], units: Map<string, DnsUnit>): Promise<void> {
  if (keys.length === 0) return;
  for (const row of await read.all<ZoneRow>(zonesSql, [JSON.stringify(keys)])) {
    units.set(zoneKey(row.name), {
      kind: "zone",
      zone: row.name,
      primary: row.primary_ns,
      contact: row.contact,
      dnssec: row.dnssec === 1,
    });
  }
}

async function loadSets(read: Read, keys: readonly string[], units: Map<string, DnsUnit>): Promise<void> {
  if (keys.length === 0) return;
  const data = new Map<string, string[]>();
  for (const row of await read.all<RecordRow>(setsSql, [JSON.stringify(keys)])) {
    const list = data.get(row.unit_key);
    if (list !== undefined) {
      list.push(row.data);
      continue;
    }
    const set = { zone: parseKey(row.unit_key).zone, name: row.name, type: row.type };
    const first = [row.data];
    data.set(row.unit_key, first);
    units.set(setKey(set), { kind: "set", ...set, ttl: row.ttl, data: first });
  }
}
