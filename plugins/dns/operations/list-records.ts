import { defineQuery, queryId } from "@patchbay/sdk";
import * as v from "valibot";
import { zoneObject } from "../contract.ts";
import { listRecords, recordView } from "../record-view.ts";
import { requireZone } from "../zone-store.ts";

export const listRecordsOperation = defineQuery({
  id: "dns.records",
  summary: "Records of a zone",
  access: { callers: ["admin", "reseller", "user"], object: { type: zoneObject, from: "zone_id" } },
  rate: "standard",
  input: v.strictObject({ zone_id: queryId }),
  output: v.array(recordView),
  handle: async (input, ctx) => listRecords(ctx.read, await requireZone(ctx.read, input.zone_id)),
});
