import { defineChange, notFound, objectId, SystemFacts, Users } from "@patchbay/sdk";
import * as v from "valibot";
import { requireAccount, toEvent } from "../account-store.ts";
import { accountImpersonated, accountObject } from "../contract.ts";

export const impersonateAccount = defineChange({
  id: "accounts.impersonate",
  method: "POST",
  summary: "Open a session of the account's holder; both names are audited",
  access: { callers: ["admin", "reseller"], object: { type: accountObject, from: "id" }, selfOnly: true },
  rate: "standard",
  aliases: { account_id: "id" },
  errors: ["SESSION_REQUIRED"],
  input: v.strictObject({ id: objectId }),
  output: v.strictObject({
    user: v.strictObject({ id: v.number(), username: v.string(), role: v.literal("user") }),
    portal_url: v.string(),
  }),
  resource: (input) => `account:${input.id}`,
  handle: async (input, ctx) => {
    const account = await requireAccount(ctx.read, input.id);
    const users = ctx.use(Users);
    const user = await users.get(ctx.read, account.user_id);
    if (user?.role !== "user") throw notFound("account");
    ctx.setSession(await users.impersonate(ctx.db, user.id, ctx.principal));
    ctx.note({ impersonated: user.username });
    await ctx.emit(accountImpersonated, { ...toEvent(account), by: ctx.principal.username });
    return {
      user: { id: user.id, username: user.username, role: "user" as const },
      portal_url: ctx.use(SystemFacts).portal("user"),
    };
  },
});
