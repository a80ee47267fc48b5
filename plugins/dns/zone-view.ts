import type { Read } from "@patchbay/sdk";
import * as v from "valibot";
import { defaultTtl } from "./record-store.ts";
import type { ZoneRow } from "./rows.ts";

/** A zone as answers show it. */
export const zoneView = v.strictObject({
  id: v.number(),
  account_id: v.number(),
  domain: v.string(),
  /** Grows with every change. What the DNS server answers is in `dns.dnssec-status`. */
  serial: v.number(),
  primary_ns: v.string(),
  /** Empty: there is one name server. */
  secondary_ns: v.string(),
  /** Of a record that names none. */
  ttl: v.number(),
  status: v.picklist(["active", "disabled"]),
  record_count: v.number(),
  dnssec: v.boolean(),
  /** The DNS server it is assigned to; null: the chosen one. */
  provider: v.nullable(v.string()),
});

export type ZoneView = v.InferOutput<typeof zoneView>;

interface ListedZone extends ZoneRow {
  readonly record_count: number;
  /** With a trailing dot; null when there is one name server. */
  readonly other_ns: string | null;
}

const listSql = `SELECT z.*, (SELECT COUNT(*) FROM dns_records r WHERE r.zone_id = z.id) AS record_count,
(SELECT MIN(r.data) FROM dns_records r
 WHERE r.unit_key = z.name || '|' || z.name || '|NS' AND r.data <> z.primary_ns || '.') AS other_ns FROM dns_zones z`;

export async function listZones(read: Read, accountId: number): Promise<ZoneView[]> {
  return (await read.all<ListedZone>(`${listSql} WHERE z.account_id = ? ORDER BY z.name`, [accountId])).map(toZoneView);
}

/** The view of a zone that is there. */
export async function showZone(read: Read, id: number): Promise<ZoneView> {
  const row = await read.get<ListedZone>(`${listSql} WHERE z.id = ?`, [id]);
  if (!row) throw new Error("the zone just read is not there");
  return toZoneView(row);
}

function toZoneView(row: ListedZone): ZoneView {
  return {
    id: row.id,
    account_id: row.account_id,
    domain: row.name,
    serial: row.serial,
    primary_ns: row.primary_ns,
    secondary_ns: row.other_ns === null ? "" : row.other_ns.slice(0, -1),
    ttl: defaultTtl,
    status: "active",
    record_count: row.record_count,
    dnssec: row.dnssec === 1,
    provider: row.provider,
  };
}
