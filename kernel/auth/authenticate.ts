import { type AccountOfUser, type Clock, isPanelError, type Principal } from "@patchbay/sdk";
import { unauthenticated } from "../access/can.ts";
import type { Storage } from "../storage/types.ts";
import type { Activity } from "./activity.ts";
import { type Credentials, type Presented, readCredentials } from "./credentials.ts";
import type { KnownCaller, PrincipalCache } from "./principal-cache.ts";
import { digestOf } from "./secrets.ts";
import { idleMsOf, type SessionRow, type SessionStore } from "./sessions.ts";
import { scopesOf, type TokenRow, type TokenStore } from "./tokens.ts";

export interface AuthenticatorRooms {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly sessions: SessionStore;
  readonly tokens: TokenStore;
  readonly cache: PrincipalCache;
  readonly activity: Activity;
  /** Tells for whom a user logs in, in the current generation. */
  readonly accountOfUser: () => AccountOfUser | undefined;
}

/** The one door every caller comes through. */
export interface Authenticator {
  /**
   * Who is calling. Without credentials: the anonymous principal. Throws, or rejects with, 401 for credentials that are not
   * valid. With `optional` (public operations: a login must work with a stale cookie) such a caller is anonymous instead.
   * Synchronous when the credential is known.
   */
  authenticate(credentials: Credentials, options?: { readonly optional?: boolean }): Principal | Promise<Principal>;
}

export function createAuthenticator(rooms: AuthenticatorRooms): Authenticator {
  return new CachedAuthenticator(rooms);
}

class CachedAuthenticator implements Authenticator {
  readonly #rooms: AuthenticatorRooms;

  constructor(rooms: AuthenticatorRooms) {
    this.#rooms = rooms;
  }

  authenticate(credentials: Credentials, options?: { readonly optional?: boolean }): Principal | Promise<Principal> {
    if (options?.optional !== true) return this.#identify(credentials);
    try {
      const principal = this.#identify(credentials);
      return principal instanceof Promise ? principal.catch((error) => orAnonymous(error, credentials)) : principal;
    } catch (error) {
      return orAnonymous(error, credentials);
    }
  }

  #identify(credentials: Credentials): Principal | Promise<Principal> {
    const presented = readCredentials(credentials.cookieHeader, credentials.authorization);
    if (!presented) return anonymous(credentials);
    const digest = digestOf(presented.secret);
    const known = this.#rooms.cache.get(digest);
    if (known) return this.#admit(known, presented.kind, credentials);
    return this.#lookUp(presented, digest).then((caller) => this.#admit(caller, presented.kind, credentials));
  }

  /** Times are checked at every use: nobody tells the cache when they pass. */
  #admit(caller: KnownCaller, kind: Presented["kind"], { ip, userAgent }: Credentials): Principal {
    const now = this.#rooms.clock.now();
    if (now >= caller.expiresAt || now - caller.lastSeenAt >= caller.idleMs) throw unauthenticated();
    caller.lastSeenAt = now;
    if (caller.principal.credentialId !== null) this.#rooms.activity.seen(kind, caller.principal.credentialId, now);
    if (caller.seen?.ip !== ip || caller.seen.userAgent !== userAgent)
      caller.seen = { ...caller.principal, ip, userAgent };
    return caller.seen;
  }

  async #lookUp(presented: Presented, digest: string): Promise<KnownCaller> {
    const { cache, sessions, tokens, storage } = this.#rooms;
    const epoch = cache.epoch;
    const caller =
      presented.kind === "session"
        ? await this.#fromSession(await sessions.find(storage.read, digest))
        : await this.#fromToken(await tokens.find(storage.read, digest));
    cache.keep(digest, caller, epoch);
    return caller;
  }

  async #fromSession(row: SessionRow | undefined): Promise<KnownCaller> {
    if (row?.status !== "active") throw unauthenticated();
    const impersonated = row.impersonator_id !== null;
    if (impersonated && (row.impersonator_status !== "active" || row.parent_id === null)) throw unauthenticated();
    const unwritten = this.#rooms.activity.pending("session", row.id) ?? 0;
    return {
      principal: {
        ...(await this.#person(row)),
        via: "session",
        credentialId: row.id,
        scopes: null,
        impersonator: impersonated
          ? { userId: row.impersonator_id as number, username: row.impersonator_name ?? "" }
          : null,
      },
      expiresAt: row.expires_at,
      idleMs: idleMsOf(row.role, impersonated),
      lastSeenAt: Math.max(row.last_seen_at, unwritten),
    };
  }

  async #fromToken(row: TokenRow | undefined): Promise<KnownCaller> {
    if (row?.status !== "active") throw unauthenticated();
    return {
      principal: {
        ...(await this.#person(row)),
        via: "token",
        credentialId: row.id,
        scopes: scopesOf(row),
        impersonator: null,
      },
      expiresAt: row.expires_at ?? Number.POSITIVE_INFINITY,
      idleMs: Number.POSITIVE_INFINITY,
      lastSeenAt: 0,
    };
  }

  async #person(row: SessionRow | TokenRow) {
    const person = { userId: row.user_id, username: row.username, role: row.role };
    if (row.role !== "user") return { ...person, accountId: null, suspended: false };
    const source = this.#rooms.accountOfUser();
    // Nobody can say whether the account is suspended: its holder may look and change nothing.
    if (!source) return { ...person, accountId: null, suspended: true };
    const account = await source.find(this.#rooms.storage.read, row.user_id);
    return { ...person, accountId: account?.accountId ?? null, suspended: account?.suspended ?? false };
  }
}

function orAnonymous(error: unknown, credentials: Credentials): Principal {
  if (isPanelError(error) && error.status === 401) return anonymous(credentials);
  throw error;
}

function anonymous({ ip, userAgent }: Credentials): Principal {
  return {
    userId: null,
    username: "",
    role: "anonymous",
    via: "none",
    credentialId: null,
    scopes: null,
    accountId: null,
    suspended: false,
    impersonator: null,
    ip,
    userAgent,
  };
}
