import {
  type ChangeContext,
  type CredentialsEvent,
  conflict,
  credentialsChanged,
  defineChange,
  forbidden,
  type Operation,
} from "@patchbay/sdk";
import * as v from "valibot";
import { type AuthOperationDeps, callerOf, confirmPassword, ownSession } from "./operation-deps.ts";
import { currentPassword } from "./self-operations.ts";
import type { UserRow } from "./users.ts";

const base = { method: "POST", rate: "standard", access: { callers: "session", selfOnly: true } } as const;
const codes = v.strictObject({ backup_codes: v.array(v.string()) });

/** `auth.totp-setup`, `auth.totp-enable`, `auth.totp-disable`, `auth.backup-codes`. */
export function defineSecondFactorOperations(deps: AuthOperationDeps): Operation[] {
  return [defineSetup(deps), defineEnable(deps), defineDisable(deps), defineBackupCodes(deps)];
}

function defineSetup(deps: AuthOperationDeps): Operation {
  return defineChange({
    ...base,
    id: "auth.totp-setup",
    summary: "Make a seed for a second factor; it counts once it is enabled with a code",
    input: v.strictObject({}),
    output: v.strictObject({ secret: v.string(), otpauth_url: v.string() }),
    errors: ["TWO_FACTOR_ENABLED"],
    secretOutput: true,
    handle: async (_input, ctx) => {
      const user = await callerOf(deps, ctx);
      if (user.totp_enabled_at !== null) throw alreadyOn();
      const seed = deps.secondFactor.createSeed(user);
      await ctx.intents.update("users", user.id, { totp_sealed: seed.sealed, totp_last_step: null });
      return { secret: seed.secret, otpauth_url: seed.url };
    },
  });
}

function defineEnable(deps: AuthOperationDeps): Operation {
  return defineChange({
    ...base,
    id: "auth.totp-enable",
    summary: "Turn the second factor on with a code of its seed; other sessions and API tokens end",
    input: v.strictObject({ code: v.string() }),
    output: codes,
    secrets: ["code"],
    errors: ["TWO_FACTOR_ENABLED", "TWO_FACTOR_NOT_SET_UP", "WRONG_CODE"],
    secretOutput: true,
    handle: async ({ code }, ctx) => {
      const user = await callerOf(deps, ctx);
      if (user.totp_enabled_at !== null) throw alreadyOn();
      if (user.totp_sealed === null) throw conflict("TWO_FACTOR_NOT_SET_UP", "Make a seed with auth/totp-setup first.");
      const proof = deps.secondFactor.inspect(user, code, ctx.now);
      if (proof?.kind !== "totp")
        throw forbidden("WRONG_CODE", "The code does not belong to the seed, or it was used.");
      await deps.secondFactor.consume(ctx.db, ctx.read, user.id, proof);
      const backup = deps.secondFactor.createBackupCodes(user.id);
      await ctx.intents.update("users", user.id, { totp_enabled_at: ctx.now, backup_codes: backup.stored });
      await deps.users.revoke(ctx.db, user.id, ownSession(ctx));
      await announce(ctx, user, "second-factor-on");
      return { backup_codes: backup.codes };
    },
  });
}

function defineDisable(deps: AuthOperationDeps): Operation {
  return defineChange({
    ...base,
    id: "auth.totp-disable",
    summary: "Turn the second factor off; other sessions and API tokens end",
    input: v.strictObject({ password: currentPassword }),
    output: v.null(),
    secrets: ["password"],
    errors: ["WRONG_PASSWORD", "LOGIN_LOCKED", "HASHING_BUSY"],
    prepare: (input, ctx) => confirmPassword(deps, ctx, input.password),
    handle: async (_input, ctx, user) => {
      const off = { totp_sealed: null, totp_enabled_at: null, totp_last_step: null, backup_codes: null };
      await ctx.intents.update("users", user.id, off);
      await deps.users.revoke(ctx.db, user.id, ownSession(ctx));
      await announce(ctx, user, "second-factor-off");
      return null;
    },
  });
}

function defineBackupCodes(deps: AuthOperationDeps): Operation {
  return defineChange({
    ...base,
    id: "auth.backup-codes",
    summary: "Replace the backup codes of the second factor",
    input: v.strictObject({ password: currentPassword }),
    output: codes,
    secrets: ["password"],
    errors: ["WRONG_PASSWORD", "LOGIN_LOCKED", "HASHING_BUSY", "TWO_FACTOR_NOT_SET_UP"],
    secretOutput: true,
    prepare: (input, ctx) => confirmPassword(deps, ctx, input.password),
    handle: async (_input, ctx) => {
      const user = await callerOf(deps, ctx);
      if (user.totp_enabled_at === null) throw conflict("TWO_FACTOR_NOT_SET_UP", "The second factor is not on.");
      const backup = deps.secondFactor.createBackupCodes(user.id);
      await ctx.intents.update("users", user.id, { backup_codes: backup.stored });
      await announce(ctx, user, "backup-codes");
      return { backup_codes: backup.codes };
    },
  });
}

/** Tells the user's own change of credentials. */
async function announce(
  ctx: ChangeContext,
  { id: userId, username }: Pick<UserRow, "id" | "username">,
  what: CredentialsEvent["what"],
): Promise<void> {
  await ctx.emit(credentialsChanged, { userId, username, what, by: username });
}

function alreadyOn() {
  return conflict("TWO_FACTOR_ENABLED", "The second factor is on. Turn it off first.");
}
