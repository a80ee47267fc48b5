import type { Db, Read, Role } from "@patchbay/sdk";
import type { Ids } from "../storage/types.ts";
import type { PrincipalCache } from "./principal-cache.ts";
import { digestOf, secretBytes } from "./secrets.ts";

const minute = 60_000;

/** A session ends this long after it was opened, whatever happens. Milliseconds. */
export const absoluteMs = 12 * 60 * minute;

/** A session ends after this long without a request. Whoever acts for others is given less. Milliseconds. */
export function idleMsOf(role: Role, impersonated: boolean): number {
  return role === "user" && !impersonated ? 120 * minute : 30 * minute;
}

/** A session with the login behind it. */
export interface SessionRow {
  readonly id: number;
  readonly uuid: string;
  readonly user_id: number;
  readonly username: string;
  readonly role: Role;
  readonly status: "active" | "disabled";
  readonly impersonator_id: number | null;
  readonly impersonator_name: string | null;
  readonly impersonator_status: "active" | "disabled" | null;
  readonly parent_id: number | null;
  readonly ip: string;
  readonly user_agent: string;
  readonly created_at: number;
  readonly last_seen_at: number;
  readonly expires_at: number;
}

export interface NewSession {
  readonly userId: number;
  readonly ip: string;
  readonly userAgent: string;
  readonly now: number;
  /** Who acts as the user, from which session of theirs. The new session ends with that one. */
  readonly impersonator?: { readonly userId: number; readonly sessionId: number };
  /** Ends no later than this. Milliseconds. */
  readonly until?: number;
}

export interface SessionCookie {
  readonly value: string;
  readonly maxAgeSeconds: number;
}

const rows = `SELECT s.id, s.uuid, s.user_id, u.username, u.role, u.status, s.impersonator_id, i.username AS impersonator_name,
  i.status AS impersonator_status, s.parent_id, s.ip, s.user_agent, s.created_at, s.last_seen_at, s.expires_at
  FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN users i ON i.id = s.impersonator_id`;

/** Sessions of the panel. Only the digest of a cookie is stored. */
export class SessionStore {
  readonly #ids: Ids;
  readonly #cache: PrincipalCache;

  constructor(ids: Ids, cache: PrincipalCache) {
    this.#ids = ids;
    this.#cache = cache;
  }

  /** Opens a session in the caller's change. The cookie value is told this once. */
  async open(db: Db, session: NewSession): Promise<SessionCookie> {
    const { now, impersonator } = session;
    const value = this.#ids.secret(secretBytes);
    const expiresAt = Math.min(now + absoluteMs, session.until ?? Number.POSITIVE_INFINITY);
    await db("sessions").insert({
      uuid: this.#ids.uuid(),
      user_id: session.userId,
      token_hash: digestOf(value),
      impersonator_id: impersonator?.userId ?? null,
      parent_id: impersonator?.sessionId ?? null,
      ip: session.ip,
      user_agent: session.userAgent.slice(0, 255),
      created_at: now,
      updated_at: now,
      last_seen_at: now,
      expires_at: expiresAt,
    });
    return { value, maxAgeSeconds: Math.max(0, Math.floor((expiresAt - now) / 1000)) };
  }

  find(read: Read, digest: string): Promise<SessionRow | undefined> {
    return read.get<SessionRow>(`${rows} WHERE s.token_hash = ?`, [digest]);
  }

  get(read: Read, id: number): Promise<SessionRow | undefined> {
    return read.get<SessionRow>(`${rows} WHERE s.id = ?`, [id]);
  }

  /** By its public id. */
  byUuid(read: Read, uuid: string): Promise<SessionRow | undefined> {
    return read.get<SessionRow>(`${rows} WHERE s.uuid = ?`, [uuid]);
  }

  /** Live sessions, newest first: of one user, or of everybody. */
  async list(read: Read, now: number, userId: number | null): Promise<SessionRow[]> {
    const live = `${rows} WHERE u.status = 'active' AND s.expires_at > ?`;
    const found =
      userId === null
        ? await read.all<SessionRow>(`${live} ORDER BY s.id DESC`, [now])
        : await read.all<SessionRow>(`${live} AND s.user_id = ? ORDER BY s.id DESC`, [now, userId]);
    return found.filter((row) => now - row.last_seen_at < idleMsOf(row.role, row.impersonator_id !== null));
  }

  /** Ends one session, and those that were opened from it. */
  async end(db: Db, id: number): Promise<void> {
    this.#cache.distrust();
    await db("sessions").where({ id }).delete();
  }

  /** Ends the sessions of a user and those in which the user acts for others, except `keep`. Returns how many. */
  async endOfUser(db: Db, userId: number, keep?: number): Promise<number> {
    this.#cache.distrust();
    const theirs = () =>
      db("sessions")
        .where((query) => query.where({ user_id: userId }).orWhere({ impersonator_id: userId }))
        .whereNot({ id: keep ?? 0 });
    // Counted first: a delete does not count what it takes along.
    const ended = await theirs().select("id");
    await theirs().delete();
    return ended.length;
  }

  /** Ends every session on the panel. Returns how many. */
  async endAll(db: Db): Promise<number> {
    this.#cache.distrust();
    const all = await db("sessions").select("id");
    await db("sessions").delete();
    return all.length;
  }
}
