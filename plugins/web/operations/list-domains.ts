import { accountObject } from "@patchbay/accounts/contract";
import { Certificates } from "@patchbay/certificates/contract";
import { defineQuery, queryId } from "@patchbay/sdk";
import * as v from "valibot";
import { domainView, listDomains, toDomainViews } from "../domain-view.ts";

export const listDomainsOperation = defineQuery({
  id: "domains.list",
  summary: "Domains of an account",
  access: { callers: ["admin", "reseller", "user"], object: { type: accountObject, from: "account_id", infer: true } },
  rate: "standard",
  input: v.strictObject({ account_id: queryId }),
  output: v.array(domainView),
  handle: async (input, ctx) =>
    toDomainViews(ctx.read, ctx.use(Certificates), await listDomains(ctx.read, input.account_id)),
});
