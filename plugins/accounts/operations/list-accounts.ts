import { choice, defineQuery, type Principal, pageOf, pageQuery, text, toPage } from "@patchbay/sdk";
import * as v from "valibot";
import { pageOfAccounts } from "../account-store.ts";
import { accountListItem, toListItems } from "../account-view.ts";

export const listAccounts = defineQuery({
  id: "accounts.list",
  summary: "Paged list of hosting accounts",
  access: { callers: ["admin", "reseller"] },
  rate: "standard",
  input: v.strictObject({
    ...pageQuery,
    /** Occurs in the main domain or the user name. */
    search: v.optional(text(0, 253)),
    status: v.optional(choice(["active", "suspended", "terminated"])),
  }),
  output: pageOf(accountListItem),
  handle: async (input, ctx) => {
    const { rows, total } = await pageOfAccounts(ctx.read, {
      search: input.search,
      status: input.status,
      resellerId: onlyOf(ctx.principal),
      page: input.page,
      perPage: input.per_page,
    });
    return toPage(await toListItems(ctx, ctx.read, rows), total, input);
  },
});

/** Everybody but an administrator sees the accounts of its own login alone. */
function onlyOf(principal: Principal): number | undefined {
  const seesAll = principal.role === "admin" || principal.role === "system";
  return seesAll ? undefined : (principal.userId ?? -1);
}
