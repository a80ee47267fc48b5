import { defineChange, objectId } from "@patchbay/sdk";
import * as v from "valibot";
import { recordObject, recordRemoved } from "../contract.ts";
import { codes, managed } from "../errors.ts";
import { assertMayName, assertSpare } from "../record-rules.ts";
import { removeRow, requireRecord, toEvent } from "../record-store.ts";
import { bumpSerial, requireZoneOf } from "../zone-store.ts";

export const deleteRecord = defineChange({
  id: "dns.delete-record",
  method: "POST",
  summary: "Delete a record",
  message: "Record deleted",
  access: { callers: ["admin", "reseller", "user"], object: { type: recordObject, from: "record_id" } },
  rate: "standard",
  errors: [codes.nameServersReserved, codes.managed, codes.needed],
  input: v.strictObject({ record_id: objectId }),
  output: v.null(),
  resource: (input) => `dns-record:${input.record_id}`,
  handle: async (input, ctx) => {
    const { record_id } = input;
    const [row, zone] = await Promise.all([requireRecord(ctx.read, record_id), requireZoneOf(ctx.read, record_id)]);
    if (row.owner !== "") throw managed(row.owner);
    assertMayName(ctx.principal, zone, row);
    await assertSpare(ctx.read, zone, row);
    ctx.note({ zone: zone.name, name: row.name, type: row.type });
    await Promise.all([removeRow(ctx, row), bumpSerial(ctx, zone)]);
    await ctx.emit(recordRemoved, toEvent(zone, row));
    return null;
  },
});
