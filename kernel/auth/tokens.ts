import type { Db, Intents, Read, Role } from "@patchbay/sdk";
import { covers } from "../access/scopes.ts";
import type { Ids } from "../storage/types.ts";
import type { PrincipalCache } from "./principal-cache.ts";
import { digestOf, secretBytes, tokenPrefix } from "./secrets.ts";

/** An API token with the login behind it. */
export interface TokenRow {
  readonly id: number;
  readonly uuid: string;
  readonly user_id: number;
  readonly username: string;
  readonly role: Role;
  readonly status: "active" | "disabled";
  readonly name: string;
  /** JSON array; null for everything the role may do. */
  readonly scopes: string | null;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
  readonly created_at: number;
}

export interface NewToken {
  readonly userId: number;
  readonly name: string;
  readonly scopes: readonly string[] | null;
  readonly expiresAt: number | null;
}

const rows = `SELECT t.id, t.uuid, t.user_id, u.username, u.role, u.status, t.name, t.scopes, t.expires_at, t.last_used_at,
  t.created_at FROM api_tokens t JOIN users u ON u.id = t.user_id`;

/** API tokens. Only their digest is stored. */
export class TokenStore {
  readonly #ids: Ids;
  readonly #cache: PrincipalCache;

  constructor(ids: Ids, cache: PrincipalCache) {
    this.#ids = ids;
    this.#cache = cache;
  }

  /** Makes a token in the caller's change. Its secret is told this once. */
  async create(intents: Intents, token: NewToken): Promise<{ id: number; secret: string }> {
    const secret = `${tokenPrefix}${this.#ids.secret(secretBytes)}`;
    const { id } = await intents.insert("api_tokens", {
      user_id: token.userId,
      name: token.name,
      token_hash: digestOf(secret),
      scopes: token.scopes === null ? null : JSON.stringify(token.scopes),
      expires_at: token.expiresAt,
      last_used_at: null,
    });
    return { id, secret };
  }

  find(read: Read, digest: string): Promise<TokenRow | undefined> {
    return read.get<TokenRow>(`${rows} WHERE t.token_hash = ?`, [digest]);
  }

  get(read: Read, id: number): Promise<TokenRow | undefined> {
    return read.get<TokenRow>(`${rows} WHERE t.id = ?`, [id]);
  }

  list(read: Read, userId: number): Promise<TokenRow[]> {
    return read.all<TokenRow>(`${rows} WHERE t.user_id = ? ORDER BY t.id`, [userId]);
  }

  /** Ends every token of a user. */
  async endOfUser(db: Db, userId: number): Promise<void> {
    this.#cache.distrust();
    await db("api_tokens").where({ user_id: userId }).delete();
  }
}

/** Scopes as stored. What cannot be read grants nothing. */
export function scopesOf(row: Pick<TokenRow, "scopes">): readonly string[] | null {
  if (row.scopes === null) return null;
  const scopes: unknown = JSON.parse(row.scopes);
  return Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === "string") : [];
}

/** True when a holder of `held` may hand out `wanted`. Null stands for everything. */
export function mayGrant(held: readonly string[] | null, wanted: readonly string[] | null): boolean {
  if (held === null) return true;
  if (wanted === null) return covers(held, "*:*");
  return wanted.every((scope) => covers(held, scope));
}
