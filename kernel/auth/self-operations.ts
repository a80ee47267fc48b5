import {
  conflict,
  credentialsChanged,
  defineChange,
  defineQuery,
  invalid,
  isBuiltFrom,
  notFound,
  type Operation,
  password,
  roles,
} from "@patchbay/sdk";
import * as v from "valibot";
import { type AuthOperationDeps, callerOf, confirmPassword, ownSession } from "./operation-deps.ts";

/** A password that is shown again, not chosen. */
export const currentPassword = v.pipe(v.string(), v.minLength(1), v.maxLength(1024));

/** `auth.me`. */
export function defineMe(deps: AuthOperationDeps): Operation {
  return defineQuery({
    id: "auth.me",
    summary: "Show who is logged in",
    rate: "standard",
    access: { callers: "session" },
    input: v.strictObject({}),
    output: v.strictObject({
      id: v.number(),
      username: v.string(),
      email: v.string(),
      role: v.picklist(roles),
      account_id: v.nullable(v.number()),
      suspended: v.boolean(),
      suspend_reason: v.nullable(v.string()),
      two_factor: v.boolean(),
      impersonator: v.nullable(v.string()),
    }),
    handle: async (_input, ctx) => {
      const { id, username, email, role, totp_enabled_at } = await callerOf(deps, ctx);
      const { accountId, suspended, impersonator } = ctx.principal;
      return {
        id,
        username,
        email,
        role,
        account_id: accountId,
        suspended,
        suspend_reason: suspended ? ((await deps.accountOfUser()?.find(ctx.read, id))?.reason ?? null) : null,
        two_factor: totp_enabled_at !== null,
        impersonator: impersonator?.username ?? null,
      };
    },
  });
}

/** `auth.logout`. Out of an impersonation it ends the impersonator's session too: that cookie is gone already. */
export function defineLogout(deps: AuthOperationDeps): Operation {
  return defineChange({
    id: "auth.logout",
    method: "POST",
    summary: "End this session",
    rate: "standard",
    access: { callers: "session", whileSuspended: true },
    input: v.strictObject({}),
    output: v.null(),
    handle: async (_input, ctx) => {
      const id = ownSession(ctx);
      const session = id === undefined ? undefined : await deps.sessions.get(ctx.read, id);
      if (session) await deps.sessions.end(ctx.db, session.parent_id ?? session.id);
      ctx.setSession(null);
      return null;
    },
  });
}

/** `auth.change-password`. */
export function defineChangePassword(deps: AuthOperationDeps): Operation {
  return defineChange({
    id: "auth.change-password",
    method: "POST",
    summary: "Change the own password; other sessions and API tokens end",
    rate: "standard",
    access: { callers: "session", selfOnly: true },
    input: v.strictObject({ current_password: currentPassword, new_password: password, confirm_password: v.string() }),
    output: v.null(),
    secrets: ["current_password", "new_password", "confirm_password"],
    errors: ["WRONG_PASSWORD", "LOGIN_LOCKED", "HASHING_BUSY"],
    message: "Password changed",
    resource: () => "user:self",
    prepare: async (input, ctx) => {
      if (input.confirm_password !== input.new_password) {
        throw invalid("confirm_password", "format", "must equal the new password");
      }
      const user = await confirmPassword(deps, ctx, input.current_password);
      if (isBuiltFrom(input.new_password, user.username)) {
        throw invalid("new_password", "choice", "must not be built from the user name");
      }
      return { id: user.id, username: user.username, passwordHash: await deps.passwords.hash(input.new_password) };
    },
    handle: async (_input, ctx, { id, username, passwordHash }) => {
      await deps.users.update(ctx.intents, id, { passwordHash });
      ctx.note({ sessions_ended: await deps.users.revoke(ctx.db, id, ownSession(ctx)) });
      await ctx.emit(credentialsChanged, { userId: id, username, what: "password", by: username });
      return null;
    },
  });
}

/** `auth.stop-impersonating`: back to who one is, in a session with a new id. */
export function defineStopImpersonating(deps: AuthOperationDeps): Operation {
  return defineChange({
    id: "auth.stop-impersonating",
    method: "POST",
    summary: "Return from another user's session to the own",
    rate: "standard",
    access: { callers: "session", whileSuspended: true },
    input: v.strictObject({}),
    output: v.strictObject({
      user: v.strictObject({ id: v.number(), username: v.string(), role: v.picklist(roles) }),
      portal_url: v.string(),
    }),
    errors: ["NOT_IMPERSONATING"],
    handle: async (_input, ctx) => {
      const { impersonator, ip, userAgent } = ctx.principal;
      if (!impersonator) throw conflict("NOT_IMPERSONATING", "You are not acting as another user.");
      const own = await deps.users.row(ctx.read, impersonator.userId);
      const session = await deps.sessions.get(ctx.read, ownSession(ctx) ?? 0);
      const parent = await deps.sessions.get(ctx.read, session?.parent_id ?? 0);
      if (own?.status !== "active" || !parent) throw notFound("session");
      await deps.sessions.end(ctx.db, parent.id);
      const until = parent.expires_at;
      ctx.setSession(await deps.sessions.open(ctx.db, { userId: own.id, ip, userAgent, now: ctx.now, until }));
      const { id, username, role } = own;
      return { user: { id, username, role }, portal_url: deps.system.portal(role) };
    },
  });
}
