import type { Read, SqlValue } from "@patchbay/sdk";
import type { Knex } from "knex";

/** Which driver opens the SQLite file. `better-sqlite3` is faster and optional; `sqlite3` is always there. */
export type Dialect = "sqlite3" | "better-sqlite3";

/** Run on every connection: a commit is on disk when it returns, and constraints hold. */
export const pragmas = [
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = FULL",
  "PRAGMA foreign_keys = ON",
  "PRAGMA busy_timeout = 5000",
  "PRAGMA trusted_schema = OFF",
  "PRAGMA secure_delete = ON",
];

/** A connection that only reads, with its statements kept prepared. */
export interface ReadConnection extends Read {
  close(): Promise<void>;
}

/** Reads through a transaction: they see its own writes. */
export function transactionRead(db: Knex): Read {
  const all = async <Row>(sql: string, params: readonly SqlValue[] = []) => (await db.raw(sql, [...params])) as Row[];
  return { all, get: async <Row>(sql: string, params?: readonly SqlValue[]) => (await all<Row>(sql, params))[0] };
}
