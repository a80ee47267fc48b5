import { credentialsChanged, defineChange, objectId, password, Users } from "@patchbay/sdk";
import * as v from "valibot";
import { requireAccount } from "../account-store.ts";
import { accountObject } from "../contract.ts";
import { hashPassword } from "../hash-password.ts";

export const changeAccountPassword = defineChange({
  id: "accounts.change-password",
  method: "POST",
  summary: "Set the password of an account's holder and end all of its sessions",
  message: "Password changed",
  access: { callers: ["admin"], object: { type: accountObject, from: "account_id" } },
  rate: "standard",
  aliases: { id: "account_id" },
  secrets: ["password"],
  input: v.strictObject({ account_id: objectId, password }),
  output: v.null(),
  resource: (input) => `account:${input.account_id}`,
  prepare: async (input, ctx) => {
    const { username } = await requireAccount(ctx.read, input.account_id);
    return hashPassword(ctx, input.password, username);
  },
  handle: async (input, ctx, { passwordHash }) => {
    const account = await requireAccount(ctx.read, input.account_id);
    const users = ctx.use(Users);
    await users.update(ctx.intents, account.user_id, { passwordHash });
    await users.revoke(ctx.db, account.user_id);
    const { user_id: userId, username } = account;
    await ctx.emit(credentialsChanged, { userId, username, what: "password", by: ctx.principal.username });
    return null;
  },
});
