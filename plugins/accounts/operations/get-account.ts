import { defineQuery, queryId } from "@patchbay/sdk";
import * as v from "valibot";
import { requireAccount } from "../account-store.ts";
import { accountDetail, toMeasuredDetail } from "../account-view.ts";
import { accountObject } from "../contract.ts";

export const getAccount = defineQuery({
  id: "accounts.get",
  summary: "One account with its domains and disk usage",
  access: { callers: ["admin", "reseller"], object: { type: accountObject, from: "id" } },
  rate: "standard",
  aliases: { account_id: "id" },
  input: v.strictObject({ id: queryId }),
  output: accountDetail,
  handle: async (input, ctx) => toMeasuredDetail(ctx, ctx.read, await requireAccount(ctx.read, input.id)),
});
