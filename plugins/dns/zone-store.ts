import { type ChangeContext, notFound, type Read } from "@patchbay/sdk";
import { namesAbove, rangeBelow, toBackwards } from "@patchbay/web/contract";
import {
  dnsSlotId,
  type ZoneEvent,
  zoneAdded,
  zoneDeprovision,
  zoneKey,
  zoneProvision,
  zoneRemoved,
} from "./contract.ts";
import { codes, zoneBelongsToOther, zoneExists } from "./errors.ts";
import { insertRecord, removeRow } from "./record-store.ts";
import type { RecordRow, ZoneRow } from "./rows.ts";
import type { ZoneTemplate } from "./template.ts";

/** Throws NOT_FOUND. */
export async function requireZone(read: Read, id: number): Promise<ZoneRow> {
  const row = await read.get<ZoneRow>("SELECT * FROM dns_zones WHERE id = ?", [id]);
  if (!row) throw notFound("zone");
  return row;
}

/** The zone of a record, without the record having been read. Throws NOT_FOUND, for the record. */
export async function requireZoneOf(read: Read, recordId: number): Promise<ZoneRow> {
  const sql = "SELECT * FROM dns_zones WHERE id = (SELECT zone_id FROM dns_records WHERE id = ?)";
  const row = await read.get<ZoneRow>(sql, [recordId]);
  if (!row) throw notFound("record");
  return row;
}

export function findZone(read: Read, name: string): Promise<ZoneRow | undefined> {
  return read.get("SELECT * FROM dns_zones WHERE name = ?", [name]);
}

/** The zone that holds a name, nearest first. */
export function holdingZone(read: Read, name: string): Promise<ZoneRow | undefined> {
  return read.get(
    "SELECT * FROM dns_zones WHERE name IN (SELECT value FROM json_each(?)) ORDER BY LENGTH(name) DESC LIMIT 1",
    [JSON.stringify([name, ...namesAbove(name)])],
  );
}

const foreignSql = `SELECT 1 FROM dns_zones WHERE account_id <> ?
AND (name IN (SELECT value FROM json_each(?)) OR (backwards > ? AND backwards < ?)) LIMIT 1`;

/**
 * Throws ZONE_EXISTS for a name that has a zone and, unless an admin or the panel itself decides so, ZONE_BELONGS_TO_OTHER for a name above or
 * below a zone of another account. That the name itself may be had is for the domains to say.
 */
export async function assertZoneFree(change: ChangeContext, accountId: number, name: string): Promise<void> {
  const { principal, read } = change;
  if (await findZone(read, name)) throw zoneExists();
  if (principal.role === "admin" || principal.role === "system") return;
  const related = [accountId, JSON.stringify(namesAbove(name)), ...rangeBelow(name)];
  if (await read.get(foreignSql, related)) throw zoneBelongsToOther();
}

/** The codes `assertZoneFree` answers. */
export const zoneFreeCodes = [codes.zoneExists, codes.belongsToOther] as const;

export interface NewZone {
  readonly accountId: number;
  readonly domainId: number | null;
  readonly name: string;
  readonly template: ZoneTemplate;
}

/** Writes a zone with what its template holds. The name was found free. */
export async function insertZone(change: ChangeContext, zone: NewZone): Promise<ZoneRow> {
  const { accountId, domainId, name, template } = zone;
  const { id } = await change.intents.insert("dns_zones", {
    account_id: accountId,
    domain_id: domainId,
    name,
    backwards: toBackwards(name),
    primary_ns: template.primary,
    contact: template.contact,
    dnssec: 0,
    provider: null,
    serial: nextSerial(0, change.now),
  });
  const row = await requireZone(change.read, id);
  change.intents.touch(dnsSlotId, zoneKey(name));
  for (const record of template.records) await insertRecord(change, row, { ...record, owner: "", template: true });
  await change.run(zoneProvision, { zoneId: id, zone: name, change });
  await change.emit(zoneAdded, toEvent(row));
  return row;
}

/** Deletes a zone with all its records, whoever they belong to. */
export async function deleteZone(change: ChangeContext, zone: ZoneRow): Promise<void> {
  await change.run(zoneDeprovision, { zoneId: zone.id, zone: zone.name, change });
  const rows = await change.read.all<RecordRow>("SELECT * FROM dns_records WHERE zone_id = ?", [zone.id]);
  for (const row of rows) await removeRow(change, row);
  await change.intents.delete("dns_zones", zone.id);
  change.intents.touch(dnsSlotId, zoneKey(zone.name));
  await change.emit(zoneRemoved, toEvent(zone));
}

/** A zone as notify hooks tell of it. */
export function toEvent({ account_id, id, name }: ZoneRow): ZoneEvent {
  return { zoneId: id, accountId: account_id, zone: name };
}

/** Writes that the zone changed: once per change, after its records were written. */
export async function bumpSerial(change: ChangeContext, zone: ZoneRow): Promise<void> {
  await change.intents.update("dns_zones", zone.id, { serial: nextSerial(zone.serial, change.now) }, zone);
}

/** Seconds since 1970, as providers count too; more than before in any case. */
function nextSerial(before: number, now: number): number {
  return Math.max(before + 1, Math.floor(now / 1000));
}

/** Marks the zone and all its sets. */
export async function touchZone(change: ChangeContext, { id, name }: ZoneRow): Promise<void> {
  change.intents.touch(dnsSlotId, zoneKey(name));
  const rows = await change.read.all<{ unit_key: string }>(
    "SELECT DISTINCT unit_key FROM dns_records WHERE zone_id = ? ORDER BY unit_key",
    [id],
  );
  for (const row of rows) change.intents.touch(dnsSlotId, row.unit_key);
}
