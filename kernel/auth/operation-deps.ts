import { type AccountOfUser, forbidden, type OperationContext, type SystemFacts } from "@patchbay/sdk";
import { unauthenticated } from "../access/can.ts";
import type { HookRunner } from "../operations/hooks.ts";
import type { Lockout } from "./lockout.ts";
import type { PasswordPool } from "./passwords.ts";
import type { SecondFactor } from "./second-factor.ts";
import type { SessionStore } from "./sessions.ts";
import type { TokenStore } from "./tokens.ts";
import type { UserRow, UserStore } from "./users.ts";

/** The hooks outside of a change: before one begins, and beside one that fails. */
export type AuthHooks = Pick<HookRunner, "veto" | "emit">;

/** What the operations of this room are made of. */
export interface AuthOperationDeps {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly tokens: TokenStore;
  readonly passwords: PasswordPool;
  readonly secondFactor: SecondFactor;
  readonly lockout: Lockout;
  readonly system: Pick<SystemFacts, "portal">;
  readonly accountOfUser: () => AccountOfUser | undefined;
  readonly hooks: AuthHooks;
}

/** The caller's own login. Throws UNAUTHENTICATED for a caller without one. */
export async function callerOf(
  deps: AuthOperationDeps,
  ctx: Pick<OperationContext, "principal" | "read">,
): Promise<UserRow> {
  const { userId } = ctx.principal;
  const user = userId === null ? undefined : await deps.users.row(ctx.read, userId);
  if (!user) throw unauthenticated();
  return user;
}

/**
 * Makes the caller show the own password again. Throws WRONG_PASSWORD (403), and LOGIN_LOCKED (429) after five failures: a
 * stolen session is no place to guess it.
 */
export async function confirmPassword(
  deps: AuthOperationDeps,
  ctx: OperationContext,
  password: string,
): Promise<UserRow> {
  const user = await callerOf(deps, ctx);
  const pair = deps.lockout.pairOf(user.username, ctx.principal.ip);
  await deps.lockout.check(ctx.read, pair);
  if (!(await deps.passwords.verify(user.password_hash, password))) {
    await deps.lockout.fail(pair);
    throw forbidden("WRONG_PASSWORD", "The current password is wrong.");
  }
  await deps.lockout.check(ctx.read, pair);
  return user;
}

/** The session the caller came with, to be kept when the others end. */
export function ownSession({ principal }: Pick<OperationContext, "principal">): number | undefined {
  return principal.via === "session" && principal.credentialId !== null ? principal.credentialId : undefined;
}
