import { choice, defineChange, objectId } from "@patchbay/sdk";
import * as v from "valibot";
import { recordAdded, recordTypes, zoneObject } from "../contract.ts";
import { recordCodes } from "../errors.ts";
import { toDraft } from "../record-data.ts";
import { assertFits, assertMayName, assertRoom } from "../record-rules.ts";
import { alignTtl, defaultTtl, insertRecord, toEvent } from "../record-store.ts";
import { recordView, toRecordView } from "../record-view.ts";
import { bumpSerial, requireZone } from "../zone-store.ts";
import { nameField, priorityField, recordAliases, ttlField, valueField } from "./record-fields.ts";

export const addRecord = defineChange({
  id: "dns.add-record",
  method: "POST",
  summary: "Add a record; all records of one name and type get its time to live",
  message: "Record added",
  access: { callers: ["admin", "reseller", "user"], object: { type: zoneObject, from: "zone_id" } },
  rate: "standard",
  aliases: recordAliases,
  errors: recordCodes,
  input: v.strictObject({
    zone_id: objectId,
    type: choice(recordTypes),
    name: nameField,
    value: valueField,
    ttl: v.optional(ttlField, defaultTtl),
    priority: priorityField,
  }),
  output: recordView,
  resource: (_input, record) => `dns-record:${record.id}`,
  handle: async ({ name, priority, ttl, type, value, zone_id }, ctx) => {
    const [zone] = await Promise.all([requireZone(ctx.read, zone_id), assertRoom(ctx.read, zone_id)]);
    const draft = toDraft({ zone: zone.name, type, name, value, priority });
    assertMayName(ctx.principal, zone, draft);
    const set = await assertFits(ctx.read, zone, draft);
    const record = { ...draft, ttl, owner: "", template: false };
    const [id] = await Promise.all([insertRecord(ctx, zone, record), alignTtl(ctx, set, ttl), bumpSerial(ctx, zone)]);
    await ctx.emit(recordAdded, toEvent(zone, { ...record, id }));
    return toRecordView({ ...record, id, zone_id }, zone.name);
  },
});
