import {
  defineChange,
  type LoginAttempt,
  type LoginFailure,
  loginBefore,
  loginFailed,
  loginSucceeded,
  type Operation,
  type OperationContext,
  PanelError,
  roles,
} from "@patchbay/sdk";
import * as v from "valibot";
import { type AuthOperationDeps, ownSession } from "./operation-deps.ts";
import type { Proof } from "./second-factor.ts";
import type { UserRow } from "./users.ts";

const input = v.strictObject({
  username: v.pipe(v.string(), v.minLength(1), v.maxLength(254)),
  // Not the rules for new passwords: they would tell which ones nobody can have.
  password: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
  two_factor_code: v.nullish(v.string()),
});
type Input = v.InferOutput<typeof input>;

/** What a browser calls itself is told to plugins up to here, as sessions keep it. */
const longestAgent = 255;

/** Credentials that were found right, before anything has been changed by it. */
interface Verified {
  readonly user: UserRow;
  readonly pair: string;
  readonly proof: Proof | undefined;
}

/** `auth.login`. */
export function defineLogin(deps: AuthOperationDeps): Operation {
  return defineChange({
    id: "auth.login",
    method: "POST",
    summary: "Check credentials and open a session",
    rate: "login",
    access: { callers: "public" },
    input,
    output: v.strictObject({
      user: v.strictObject({ id: v.number(), username: v.string(), role: v.picklist(roles) }),
      portal_url: v.string(),
    }),
    secrets: ["password", "two_factor_code"],
    errors: ["INVALID_CREDENTIALS", "TWO_FACTOR_REQUIRED", "LOGIN_LOCKED", "HASHING_BUSY"],
    resource: (_input, output) => `user:${output.user.id}`,
    prepare: async (given, ctx) => {
      const verified = await verify(deps, given, ctx);
      await deps.hooks.veto(loginBefore, attemptOf(verified, ctx));
      return verified;
    },
    handle: async (_given, ctx, verified) => {
      const { user, pair, proof } = verified;
      // Guesses that were checked at the same time may have locked the pair since.
      await deps.lockout.check(ctx.read, pair);
      if (proof) await deps.lockout.check(ctx.read, deps.lockout.factorOf(user.id));
      const current = await deps.users.row(ctx.read, user.id);
      if (!current || !isUnchanged(user, current)) throw invalidCredentials();
      if (proof && !(await deps.secondFactor.consume(ctx.db, ctx.read, user.id, proof))) throw invalidCredentials();
      await deps.lockout.clear(ctx.db, pair);
      if (proof) await deps.lockout.clear(ctx.db, deps.lockout.factorOf(user.id));
      const former = ownSession(ctx);
      if (former !== undefined) await deps.sessions.end(ctx.db, former);
      const { ip, userAgent } = ctx.principal;
      ctx.setSession(await deps.sessions.open(ctx.db, { userId: user.id, ip, userAgent, now: ctx.now }));
      ctx.note({ second_factor: proof?.kind ?? "none" });
      await ctx.emit(loginSucceeded, attemptOf(verified, ctx));
      const { id, username, role } = current;
      return { user: { id, username, role }, portal_url: deps.system.portal(role) };
    },
  });
}

/**
 * Runs before the transaction: hashing is slow, and a failure must stay counted although the change ends in an error. The
 * steps are the same for a user who does not exist, a wrong password and a disabled login.
 */
async function verify(deps: AuthOperationDeps, given: Input, ctx: OperationContext): Promise<Verified> {
  const pair = deps.lockout.pairOf(given.username, ctx.principal.ip);
  await deps.lockout.check(ctx.read, pair);
  const user = await deps.users.byName(ctx.read, given.username);
  const matches = await deps.passwords.verify(user?.password_hash, given.password);
  if (!user || !matches || user.status !== "active") {
    await fail(deps, ctx, { pair, user, reason: "credentials" });
    throw invalidCredentials();
  }
  await deps.lockout.check(ctx.read, pair);
  return { user, pair, proof: await prove(deps, user, given.two_factor_code ?? "", ctx) };
}

async function prove(
  deps: AuthOperationDeps,
  user: UserRow,
  code: string,
  ctx: OperationContext,
): Promise<Proof | undefined> {
  if (user.totp_enabled_at === null) return undefined;
  if (code === "") {
    throw new PanelError("TWO_FACTOR_REQUIRED", {
      status: 401,
      message: "A code of the second factor is needed.",
      details: { twofa_required: true },
    });
  }
  const factor = deps.lockout.factorOf(user.id);
  await deps.lockout.check(ctx.read, factor);
  const proof = deps.secondFactor.inspect(user, code, ctx.now);
  if (proof) return proof;
  await fail(deps, ctx, { pair: factor, user, reason: "second-factor" });
  throw invalidCredentials();
}

/** Counts a failure, and tells of it in the same change. */
async function fail(
  { hooks, lockout }: AuthOperationDeps,
  { principal: { ip, userAgent } }: OperationContext,
  { pair, reason, user }: { pair: string; user: UserRow | undefined; reason: LoginFailure["reason"] },
): Promise<void> {
  const caller = { ip, userAgent: userAgent.slice(0, longestAgent) };
  const failure: LoginFailure = { userId: user?.id ?? null, username: user?.username ?? null, ...caller, reason };
  await lockout.fail(pair, (change) => hooks.emit(change.db, loginFailed, failure));
}

function attemptOf({ proof, user }: Verified, { principal }: OperationContext): LoginAttempt {
  const { id: userId, username, role } = user;
  const caller = { ip: principal.ip, userAgent: principal.userAgent.slice(0, longestAgent) };
  return { userId, username, role, ...caller, secondFactor: proof?.kind ?? "none" };
}

/** A password or second factor that changed while this login was being checked makes it void. */
function isUnchanged(before: UserRow, now: UserRow): boolean {
  return (
    now.status === "active" &&
    now.password_hash === before.password_hash &&
    now.totp_enabled_at === before.totp_enabled_at &&
    now.totp_sealed === before.totp_sealed
  );
}

function invalidCredentials(): PanelError {
  return new PanelError("INVALID_CREDENTIALS", {
    status: 401,
    message: "The user name, the password or the code is wrong.",
  });
}
