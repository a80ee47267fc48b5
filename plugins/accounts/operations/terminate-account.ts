import { defineChange, objectId, Users } from "@patchbay/sdk";
import * as v from "valibot";
import { requireAccount, toEvent } from "../account-store.ts";
import { accountDeprovision, accountObject, accountsSlotId, accountTerminated } from "../contract.ts";

export const terminateAccount = defineChange({
  id: "accounts.terminate",
  method: "POST",
  summary: "Delete an account and everything it owns; its home goes into the archive",
  message: "Account terminated",
  access: { callers: ["admin"], object: { type: accountObject, from: "id" } },
  rate: "standard",
  aliases: { account_id: "id" },
  input: v.strictObject({ id: objectId }),
  output: v.null(),
  resource: (input) => `account:${input.id}`,
  handle: async (input, ctx) => {
    const account = await requireAccount(ctx.read, input.id);
    const { id: accountId, username, domain } = account;
    await ctx.run(accountDeprovision, { account, change: ctx });
    await ctx.intents.delete("accounts", accountId);
    ctx.intents.touch(accountsSlotId, username);
    const users = ctx.use(Users);
    await users.revoke(ctx.db, account.user_id);
    await users.delete(ctx.intents, account.user_id);
    await ctx.emit(accountTerminated, toEvent(account));
    ctx.note({ username, domain });
    return null;
  },
});
