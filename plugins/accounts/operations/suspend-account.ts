import { defineChange, objectId, text } from "@patchbay/sdk";
import * as v from "valibot";
import { requireAccount, toEvent } from "../account-store.ts";
import {
  accountObject,
  accountStateChanged,
  accountSuspended,
  accountsSlotId,
  accountUnsuspended,
} from "../contract.ts";

const access = { callers: ["admin", "reseller"], object: { type: accountObject, from: "id" } } as const;

export const suspendAccount = defineChange({
  id: "accounts.suspend",
  method: "POST",
  summary: "Suspend an account: its sites answer 503 and its holder can change nothing",
  message: "Account suspended",
  access,
  rate: "standard",
  aliases: { account_id: "id" },
  input: v.strictObject({ id: objectId, reason: v.optional(text(0, 500)) }),
  output: v.null(),
  resource: (input) => `account:${input.id}`,
  handle: async (input, ctx) => {
    const before = await requireAccount(ctx.read, input.id);
    const reason = input.reason || null;
    if (before.status === "suspended") {
      if (reason !== null && reason !== before.suspend_reason) {
        await ctx.intents.update("accounts", before.id, { suspend_reason: reason });
      }
      return null;
    }
    const state = { status: "suspended", suspend_reason: reason, suspended_at: ctx.now };
    await ctx.intents.update("accounts", before.id, state);
    ctx.intents.touch(accountsSlotId, before.username);
    const account = await requireAccount(ctx.read, before.id);
    await ctx.run(accountStateChanged, { account, change: ctx });
    await ctx.emit(accountSuspended, { ...toEvent(account), ...(reason === null ? {} : { reason }) });
    return null;
  },
});

export const unsuspendAccount = defineChange({
  id: "accounts.unsuspend",
  method: "POST",
  summary: "Re-enable a suspended account",
  message: "Account re-enabled",
  access,
  rate: "standard",
  aliases: { account_id: "id" },
  input: v.strictObject({ id: objectId }),
  output: v.null(),
  resource: (input) => `account:${input.id}`,
  handle: async (input, ctx) => {
    const before = await requireAccount(ctx.read, input.id);
    if (before.status === "active") return null;
    const state = { status: "active", suspend_reason: null, suspended_at: null };
    await ctx.intents.update("accounts", before.id, state);
    ctx.intents.touch(accountsSlotId, before.username);
    const account = await requireAccount(ctx.read, before.id);
    await ctx.run(accountStateChanged, { account, change: ctx });
    await ctx.emit(accountUnsuspended, toEvent(account));
    return null;
  },
});
