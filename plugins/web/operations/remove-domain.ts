import { accountObject } from "@patchbay/accounts/contract";
import { defineChange, notFound, objectId } from "@patchbay/sdk";
import * as v from "valibot";
import { deleteDomain, requireAccountRow, requireDomain } from "../domain-store.ts";
import { codes, primaryDomain } from "../errors.ts";

export const removeDomain = defineChange({
  id: "domains.remove",
  method: "POST",
  summary: "Remove a domain that is not the main one",
  message: "Domain removed",
  access: { callers: ["admin", "reseller", "user"], object: { type: accountObject, from: "account_id", infer: true } },
  rate: "standard",
  errors: [codes.primary],
  input: v.strictObject({ account_id: objectId, domain_id: objectId }),
  output: v.null(),
  resource: (input) => `domain:${input.domain_id}`,
  handle: async (input, ctx) => {
    const domain = await requireDomain(ctx.read, input.domain_id);
    // The account's owner was checked, so the domain must be that account's.
    if (domain.account_id !== input.account_id) throw notFound("domain");
    if (domain.type === "main") throw primaryDomain();
    ctx.note({ domain: domain.name });
    await deleteDomain(ctx, await requireAccountRow(ctx.read, domain.account_id), domain);
    return null;
  },
});
