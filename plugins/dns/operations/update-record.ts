import { defineChange, objectId } from "@patchbay/sdk";
import * as v from "valibot";
import { recordObject, recordUpdated } from "../contract.ts";
import { managed, recordCodes } from "../errors.ts";
import { showData, toDraft } from "../record-data.ts";
import { assertFits, assertMayName, assertSpare } from "../record-rules.ts";
import { alignTtl, requireRecord, toEvent, updateRecord } from "../record-store.ts";
import { recordView, toRecordView } from "../record-view.ts";
import { bumpSerial, requireZoneOf } from "../zone-store.ts";
import { nameField, priorityField, recordAliases, ttlField, valueField } from "./record-fields.ts";

export const updateRecordOperation = defineChange({
  id: "dns.update-record",
  method: "POST",
  summary: "Change a record, but not its type; all records of one name and type get its time to live",
  message: "Record updated",
  access: { callers: ["admin", "reseller", "user"], object: { type: recordObject, from: "record_id" } },
  rate: "standard",
  aliases: recordAliases,
  errors: recordCodes,
  input: v.strictObject({
    record_id: objectId,
    name: nameField,
    value: valueField,
    ttl: ttlField,
    /** Left out, it stays as it is. */
    priority: priorityField,
  }),
  output: recordView,
  resource: (input) => `dns-record:${input.record_id}`,
  handle: async ({ name, priority, record_id, ttl, value }, ctx) => {
    const [row, zone] = await Promise.all([requireRecord(ctx.read, record_id), requireZoneOf(ctx.read, record_id)]);
    if (row.owner !== "") throw managed(row.owner);
    const before = showData(row.type, row.data).priority;
    const draft = toDraft({ zone: zone.name, type: row.type, name, value, priority, before });
    for (const one of [row, draft]) assertMayName(ctx.principal, zone, one);
    const set = await assertFits(ctx.read, zone, draft, row.id);
    if (draft.name !== row.name) await assertSpare(ctx.read, zone, row);
    await Promise.all([
      updateRecord(ctx, row, { zone: zone.name, name: draft.name, data: draft.data, ttl }),
      alignTtl(ctx, set, ttl),
      bumpSerial(ctx, zone),
    ]);
    const { data, name: owner } = draft;
    const isChanged = owner !== row.name || data !== row.data || ttl !== row.ttl;
    const record = { ...row, name: owner, data, ttl };
    if (isChanged) await ctx.emit(recordUpdated, toEvent(zone, record));
    return toRecordView(record, zone.name);
  },
});
