import { type ChangeContext, notFound } from "@patchbay/sdk";
import { type RecordType, recordAdded, recordRemoved, type Zones } from "./contract.ts";
import { type RecordDraft, toDraft } from "./record-data.ts";
import { assertFits, assertRoom, assertSpare } from "./record-rules.ts";
import { insertRecord, recordsAt, removeRow, toEvent } from "./record-store.ts";
import type { ZoneRow } from "./rows.ts";
import { bumpSerial, holdingZone } from "./zone-store.ts";

/** What other plugins do with zones. Their records obey the same rules as people's. */
export const zones: Zones = {
  holding: async (read, name) => {
    const row = await holdingZone(read, name);
    return row === undefined ? undefined : { id: row.id, zone: row.name };
  },
  put: async (change, { name, owner, ttl, type, value }) => {
    const zone = await holdingZone(change.read, name);
    if (!zone) throw notFound("zone");
    const draft = toDraft({ zone: zone.name, type, name: `${name}.`, value, priority: null });
    await putRecord(change, zone, { ...draft, owner, ttl });
  },
  take: async (change, { name, owner, type }) => {
    const zone = await holdingZone(change.read, name);
    if (zone) await takeRecords(change, zone, { owner, name, types: [type] });
  },
};

/** Adds a record of a plugin unless the zone has exactly this one already, whoever it belongs to. */
export async function putRecord(
  change: ChangeContext,
  zone: ZoneRow,
  record: RecordDraft & { readonly owner: string; readonly ttl: number },
): Promise<void> {
  const { data, name, type } = record;
  const rows = await recordsAt(change.read, zone.id, [name]);
  if (rows.some((row) => row.type === type && row.data === data)) return;
  const [set] = await Promise.all([assertFits(change.read, zone, record), assertRoom(change.read, zone.id)]);
  const added = { ...record, ttl: set[0]?.ttl ?? record.ttl, template: false };
  const id = await insertRecord(change, zone, added);
  await bumpSerial(change, zone);
  await change.emit(recordAdded, toEvent(zone, { ...added, id }));
}

/** Takes away a plugin's own records of a name. */
export async function takeRecords(
  change: ChangeContext,
  zone: ZoneRow,
  { name, owner, types }: { owner: string; name: string; types: readonly RecordType[] },
): Promise<void> {
  const rows = await recordsAt(change.read, zone.id, [name]);
  const own = rows.filter((row) => row.owner === owner && types.includes(row.type));
  for (const row of own) {
    await assertSpare(change.read, zone, row);
    await removeRow(change, row);
    await change.emit(recordRemoved, toEvent(zone, row));
  }
  if (own.length > 0) await bumpSerial(change, zone);
}
