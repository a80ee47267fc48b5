import { accountObject } from "@patchbay/accounts/contract";
import { defineQuery, queryId } from "@patchbay/sdk";
import * as v from "valibot";
import { listZones, zoneView } from "../zone-view.ts";

export const listZonesOperation = defineQuery({
  id: "dns.list",
  summary: "Zones of an account",
  access: { callers: ["admin", "reseller", "user"], object: { type: accountObject, from: "account_id", infer: true } },
  rate: "standard",
  input: v.strictObject({ account_id: queryId }),
  output: v.array(zoneView),
  handle: (input, ctx) => listZones(ctx.read, input.account_id),
});
