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

/** For a connection that only reads. */
export const readOnly = "PRAGMA query_only = ON";

/** For a connection whose commits survive the process at once, and a power cut with the next commit of another. */
export const lazy = "PRAGMA synchronous = NORMAL";

/** A connection past the query builder, with its statements kept prepared. */
export interface Connection extends Read {
  close(): Promise<void>;
}

/** Reads through a transaction: they see its own writes. `direct`: the same connection past the query builder, where there is one. */
export function transactionRead(transaction: Knex.Transaction, direct: Read["all"] | undefined): Read {
  const all = async <Row>(sql: string, params: readonly SqlValue[] = []) => {
    if (!direct) return (await transaction.raw(sql, [...params])) as Row[];
    if (transaction.isCompleted()) throw new Error("the change has ended");
    return direct<Row>(sql, params);
  };
  return readBy(all);
}

/** Reads by what answers all rows. */
export function readBy(all: Read["all"]): Read {
  return { all, get: async <Row>(sql: string, params?: readonly SqlValue[]) => (await all<Row>(sql, params))[0] };
}
