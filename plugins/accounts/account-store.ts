import { notFound, type Read, type SqlValue } from "@patchbay/sdk";
import type { AccountEvent, AccountRow } from "./contract.ts";

/** An account with the name of its package. */
export interface AccountRecord extends AccountRow {
  readonly package_name: string | null;
}

/** What `accounts.list` may be narrowed by. */
export interface AccountFilter {
  /** Text that must occur in the main domain or the user name, literally. */
  readonly search: string | undefined;
  readonly status: string | undefined;
  /** Login of the reseller whose accounts are wanted; undefined: everybody's. */
  readonly resellerId: number | undefined;
  readonly page: number;
  readonly perPage: number;
}

const columns = "a.*, p.name AS package_name";
const tables = "accounts a LEFT JOIN packages p ON p.id = a.package_id";

export function findAccount(read: Read, id: number): Promise<AccountRecord | undefined> {
  return read.get<AccountRecord>(`SELECT ${columns} FROM ${tables} WHERE a.id = ?`, [id]);
}

/** Throws NOT_FOUND. */
export async function requireAccount(read: Read, id: number): Promise<AccountRecord> {
  const row = await findAccount(read, id);
  if (!row) throw notFound("account");
  return row;
}

/** An account as notify hooks tell of it. */
export function toEvent({ domain, email, id, username }: AccountRow): AccountEvent {
  return { accountId: id, username, email, domain };
}

export function accountsOfPackage(read: Read, packageId: number): Promise<AccountRow[]> {
  return read.all<AccountRow>("SELECT * FROM accounts WHERE package_id = ? ORDER BY id", [packageId]);
}

/** Accounts in the order of their ids, after `afterId`. */
export function accountsAfter(read: Read, afterId: number, limit: number): Promise<AccountRow[]> {
  return read.all<AccountRow>("SELECT * FROM accounts WHERE id > ? ORDER BY id LIMIT ?", [afterId, limit]);
}

/** One page, oldest account first, and how many there are in all. */
export async function pageOfAccounts(
  read: Read,
  filter: AccountFilter,
): Promise<{ rows: AccountRecord[]; total: number }> {
  const { where, params } = conditions(filter);
  const counted = await read.get<{ total: number }>(`SELECT COUNT(*) AS total FROM accounts a${where}`, params);
  const rows = await read.all<AccountRecord>(
    `SELECT ${columns} FROM ${tables}${where} ORDER BY a.id LIMIT ? OFFSET ?`,
    [...params, filter.perPage, (filter.page - 1) * filter.perPage],
  );
  return { rows, total: counted?.total ?? 0 };
}

/** Built from fixed pieces, so that at most eight texts exist. */
function conditions(filter: AccountFilter): { where: string; params: readonly SqlValue[] } {
  const parts: string[] = [];
  const params: SqlValue[] = [];
  if (filter.resellerId !== undefined) {
    parts.push("a.reseller_id = ?");
    params.push(filter.resellerId);
  }
  if (filter.status !== undefined) {
    parts.push("a.status = ?");
    params.push(filter.status);
  }
  if (filter.search) {
    const pattern = `%${escapeLike(filter.search.toLowerCase())}%`;
    parts.push("(a.domain LIKE ? ESCAPE '\\' OR a.username LIKE ? ESCAPE '\\')");
    params.push(pattern, pattern);
  }
  return { where: parts.length === 0 ? "" : ` WHERE ${parts.join(" AND ")}`, params };
}

/** Makes `%`, `_` and the escape sign itself stand for themselves. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
