import {
  type Clock,
  conflict,
  type Db,
  forbidden,
  type Intents,
  type NewRow,
  notFound,
  type PanelUser,
  type Principal,
  type Read,
  type Role,
  type Users,
} from "@patchbay/sdk";
import type { SessionCookie, SessionStore } from "./sessions.ts";
import type { TokenStore } from "./tokens.ts";

/** A login with everything that is stored of it. */
export interface UserRow extends PanelUser {
  readonly password_hash: string;
  readonly totp_sealed: string | null;
  readonly totp_enabled_at: number | null;
  readonly totp_last_step: number | null;
  /** JSON array of MACs; null until the second factor is on. */
  readonly backup_codes: string | null;
}

const columns =
  "id, username, email, role, status, password_hash, totp_sealed, totp_enabled_at, totp_last_step, backup_codes";
const rank: Readonly<Record<Role, number>> = { user: 0, reseller: 1, admin: 2 };

/** Logins of the panel. Names and e-mail addresses are kept in lower case, so that each is taken once in any spelling. */
export class UserStore implements Users {
  readonly #sessions: SessionStore;
  readonly #tokens: TokenStore;
  readonly #clock: Clock;

  constructor(sessions: SessionStore, tokens: TokenStore, clock: Clock) {
    this.#sessions = sessions;
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** Throws USERNAME_TAKEN or EMAIL_TAKEN (409). */
  async create(
    intents: Intents,
    user: { username: string; email: string; role: Role; passwordHash: string },
  ): Promise<{ id: number }> {
    const row = {
      username: user.username.toLowerCase(),
      email: user.email.toLowerCase(),
      role: user.role,
      password_hash: user.passwordHash,
      status: "active",
    };
    const { id } = await intents.insert("users", row).catch(taken);
    return { id };
  }

  async get(read: Read, id: number): Promise<PanelUser | undefined> {
    const row = await this.row(read, id);
    return row && toPanelUser(row);
  }

  async list(read: Read, role: Role): Promise<readonly PanelUser[]> {
    const found = await read.all<UserRow>(`SELECT ${columns} FROM users WHERE role = ? ORDER BY id`, [role]);
    return found.map(toPanelUser);
  }

  /** Throws EMAIL_TAKEN (409), NOT_FOUND. Ends no session: see `revoke`. */
  async update(
    intents: Intents,
    id: number,
    patch: { email?: string; passwordHash?: string; status?: "active" | "disabled" },
  ): Promise<void> {
    const row: Record<string, NewRow[string]> = {};
    if (patch.email !== undefined) row.email = patch.email.toLowerCase();
    if (patch.passwordHash !== undefined) row.password_hash = patch.passwordHash;
    if (patch.status !== undefined) row.status = patch.status;
    await intents.update("users", id, row).catch(taken);
  }

  /** Sessions and tokens go with the login. */
  async delete(intents: Intents, id: number): Promise<void> {
    await intents.delete("users", id);
  }

  async revoke(db: Db, id: number, keepSession?: number): Promise<number> {
    await this.#tokens.endOfUser(db, id);
    return this.#sessions.endOfUser(db, id, keepSession);
  }

  /**
   * Whether the user belongs to `by` is for the caller to check. Throws FORBIDDEN for a user who may do as much as `by`,
   * SESSION_REQUIRED unless `by` came with a session, IMPERSONATING when `by` already acts for somebody, NOT_FOUND.
   */
  async impersonate(db: Db, id: number, by: Principal): Promise<SessionCookie> {
    if (by.impersonator !== null) throw forbidden("IMPERSONATING", "End the impersonation you are in first.");
    if (by.via !== "session" || by.userId === null || by.credentialId === null) {
      throw forbidden("SESSION_REQUIRED", "Only somebody who is logged in can act as another user.");
    }
    const target: UserRow | undefined = await db("users").where({ id }).first();
    const parent: { expires_at: number } | undefined = await db("sessions").where({ id: by.credentialId }).first();
    if (target?.status !== "active" || !parent) throw notFound("user");
    if (by.role === "anonymous" || by.role === "system" || rank[by.role] <= rank[target.role]) {
      throw forbidden("FORBIDDEN", "You can only act as a user who may do less than you.");
    }
    return this.#sessions.open(db, {
      userId: id,
      ip: by.ip,
      userAgent: by.userAgent,
      now: this.#clock.now(),
      impersonator: { userId: by.userId, sessionId: by.credentialId },
      until: parent.expires_at,
    });
  }

  row(read: Read, id: number): Promise<UserRow | undefined> {
    return read.get<UserRow>(`SELECT ${columns} FROM users WHERE id = ?`, [id]);
  }

  /** Finds a login by user name or e-mail address, in any case. */
  byName(read: Read, name: string): Promise<UserRow | undefined> {
    const key = name.toLowerCase();
    return read.get<UserRow>(
      `SELECT ${columns} FROM users WHERE username = ? OR email = ? ORDER BY username = ? DESC`,
      [key, key, key],
    );
  }
}

function toPanelUser(row: UserRow): PanelUser {
  return { id: row.id, username: row.username, email: row.email, role: row.role, status: row.status };
}

/** The database holds the rule, so it holds under concurrency too. */
function taken(error: unknown): never {
  // Only the end of the message is the database's own: before it stand the submitted values.
  const column =
    error instanceof Error ? /UNIQUE constraint failed: users\.(\w+)$/.exec(error.message)?.[1] : undefined;
  if (column === "username") throw conflict("USERNAME_TAKEN", "This user name is taken.");
  if (column === "email") throw conflict("EMAIL_TAKEN", "This e-mail address is taken.");
  throw error;
}
