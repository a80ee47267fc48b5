import { type ChangeContext, notFound, type Read } from "@patchbay/sdk";
import { dnsSlotId, type RecordEvent, setKey } from "./contract.ts";
import type { RecordDraft } from "./record-data.ts";
import type { RecordRow, ZoneRow } from "./rows.ts";

export interface NewRecord extends RecordDraft {
  readonly ttl: number;
  readonly owner: string;
  readonly template: boolean;
}

/** Seconds, for a record that names none. */
export const defaultTtl = 3600;

/** Throws NOT_FOUND. */
export async function requireRecord(read: Read, id: number): Promise<RecordRow> {
  const row = await read.get<RecordRow>("SELECT * FROM dns_records WHERE id = ?", [id]);
  if (!row) throw notFound("record");
  return row;
}

/** All records of these names of a zone. */
export function recordsAt(read: Read, zoneId: number, names: readonly string[]): Promise<RecordRow[]> {
  return read.all("SELECT * FROM dns_records WHERE zone_id = ? AND name IN (SELECT value FROM json_each(?))", [
    zoneId,
    JSON.stringify(names),
  ]);
}

/** Writes a record that was found to fit. */
export async function insertRecord(
  change: ChangeContext,
  zone: Pick<ZoneRow, "id" | "name">,
  { data, name, owner, template, ttl, type }: NewRecord,
): Promise<number> {
  const key = setKey({ zone: zone.name, name, type });
  const { id } = await change.intents.insert("dns_records", {
    zone_id: zone.id,
    name,
    type,
    ttl,
    data,
    owner,
    template: template ? 1 : 0,
    unit_key: key,
  });
  change.intents.touch(dnsSlotId, key);
  return id;
}

/** Writes what a record is now. A record of the template that gets another name is people's own. */
export async function updateRecord(
  change: ChangeContext,
  row: RecordRow,
  { zone, name, data, ttl }: { zone: string; name: string; data: string; ttl: number },
): Promise<void> {
  const key = setKey({ zone, name, type: row.type });
  const template = name === row.name ? row.template : 0;
  await change.intents.update("dns_records", row.id, { name, data, ttl, template, unit_key: key }, row);
  change.intents.touch(dnsSlotId, row.unit_key);
  change.intents.touch(dnsSlotId, key);
}

/** A record as notify hooks tell of it. */
export function toEvent(
  zone: Pick<ZoneRow, "id" | "account_id" | "name">,
  { data, id, name, owner, ttl, type }: Pick<RecordRow, "id" | "name" | "type" | "data" | "ttl" | "owner">,
): RecordEvent {
  return { zoneId: zone.id, accountId: zone.account_id, zone: zone.name, recordId: id, name, type, data, ttl, owner };
}

export async function removeRow(change: ChangeContext, row: Pick<RecordRow, "id" | "unit_key">): Promise<void> {
  await change.intents.delete("dns_records", row.id);
  change.intents.touch(dnsSlotId, row.unit_key);
}

/** Gives the other records of a set the time to live of the one just written: a set has one (RFC 2181, 5.2). */
export async function alignTtl(change: ChangeContext, others: readonly RecordRow[], ttl: number): Promise<void> {
  for (const row of others) if (row.ttl !== ttl) await change.intents.update("dns_records", row.id, { ttl });
}
