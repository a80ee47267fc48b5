import { type ChangeContext, defineChange, emailAddress, objectId, Users } from "@patchbay/sdk";
import * as v from "valibot";
import { requireAccount, toEvent } from "../account-store.ts";
import { accountDetail, toDetail } from "../account-view.ts";
import {
  type AccountRow,
  accountObject,
  accountPackageChanged,
  accountStateChanged,
  accountUpdated,
} from "../contract.ts";
import { assertPackage } from "./create-account.ts";

export const updateAccount = defineChange({
  id: "accounts.update",
  method: "POST",
  summary: "Change an account's e-mail address or package",
  message: "Account updated",
  access: { callers: ["admin", "reseller"], object: { type: accountObject, from: "id" } },
  rate: "standard",
  aliases: { account_id: "id" },
  errors: ["EMAIL_TAKEN"],
  input: v.strictObject({
    id: objectId,
    email: v.optional(emailAddress),
    /** Null: no package, no limits. */
    package_id: v.optional(v.nullable(objectId)),
  }),
  output: accountDetail,
  resource: (input) => `account:${input.id}`,
  handle: async (input, ctx) => {
    const before = await requireAccount(ctx.read, input.id);
    const { email = before.email, package_id: packageId = before.package_id } = input;
    if (email !== before.email) {
      await ctx.use(Users).update(ctx.intents, before.user_id, { email });
      await ctx.intents.update("accounts", before.id, { email });
    }
    if (packageId !== before.package_id) {
      await assertPackage(packageId, ctx.read);
      await ctx.intents.update("accounts", before.id, { package_id: packageId });
    }
    const account = await requireAccount(ctx.read, before.id);
    if (packageId !== before.package_id) await ctx.run(accountStateChanged, { account, change: ctx });
    await announce(ctx, before, account);
    return toDetail(ctx, ctx.read, account);
  },
});

/** Tells what differs from before. */
async function announce(ctx: ChangeContext, before: AccountRow, account: AccountRow): Promise<void> {
  const changed = (["email", "package_id"] as const).filter((column) => account[column] !== before[column]);
  if (changed.length === 0) return;
  await ctx.emit(accountUpdated, { ...toEvent(account), changed });
  const [from, to] = [before.package_id, account.package_id];
  if (from !== to) await ctx.emit(accountPackageChanged, { ...toEvent(account), from, to });
}
