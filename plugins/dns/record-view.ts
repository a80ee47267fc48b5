import type { Read } from "@patchbay/sdk";
import * as v from "valibot";
import { recordTypes } from "./contract.ts";
import { toRelative } from "./names.ts";
import { showData } from "./record-data.ts";
import type { RecordRow, ZoneRow } from "./rows.ts";

/** A record as answers show it. `name`, `value` and `priority` mean the same record when they are sent back. */
export const recordView = v.strictObject({
  id: v.number(),
  zone_id: v.number(),
  type: v.picklist(recordTypes),
  name: v.string(),
  value: v.string(),
  ttl: v.number(),
  priority: v.nullable(v.number()),
  /** The part of the panel that looks after it; null: people do. */
  managed_by: v.nullable(v.string()),
});

export type RecordView = v.InferOutput<typeof recordView>;

/** The zone's own name first, the others by name. */
export async function listRecords(read: Read, zone: ZoneRow): Promise<RecordView[]> {
  const rows = await read.all<RecordRow>(
    "SELECT * FROM dns_records WHERE zone_id = ? ORDER BY name <> ?, name, type, id",
    [zone.id, zone.name],
  );
  return rows.map((row) => toRecordView(row, zone.name));
}

/** `name` and `data` in their stored form. */
export function toRecordView(
  row: Pick<RecordRow, "id" | "zone_id" | "type" | "name" | "data" | "ttl" | "owner">,
  zone: string,
): RecordView {
  const { data, id, name, owner, ttl, type, zone_id } = row;
  return {
    id,
    zone_id,
    type,
    name: toRelative(zone, name),
    ...showData(type, data),
    ttl,
    managed_by: owner === "" ? null : owner,
  };
}
