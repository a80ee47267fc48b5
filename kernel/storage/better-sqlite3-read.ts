import type { SqlValue } from "@patchbay/sdk";
import { pragmas, type ReadConnection } from "./dialect.ts";

interface Statement {
  get(...params: readonly SqlValue[]): unknown;
  all(...params: readonly SqlValue[]): unknown[];
}
interface Database {
  pragma(text: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

/** Prepared reads with the optional `better-sqlite3` driver. Each read runs at once in this thread. */
export async function openBetterSqlite3Read(file: string): Promise<ReadConnection> {
  const driver = "better-sqlite3";
  const { default: Open } = (await import(driver)) as { default: new (file: string) => Database };
  const database = new Open(file);
  for (const pragma of [...pragmas, "PRAGMA query_only = ON"]) database.pragma(pragma.replace("PRAGMA ", ""));
  const statements = new Map<string, Statement>();
  const prepared = (sql: string) => {
    const known = statements.get(sql);
    if (known) return known;
    const fresh = database.prepare(sql);
    statements.set(sql, fresh);
    return fresh;
  };
  return {
    get: async <Row>(sql: string, params: readonly SqlValue[] = []) => prepared(sql).get(...params) as Row | undefined,
    all: async <Row>(sql: string, params: readonly SqlValue[] = []) => prepared(sql).all(...params) as Row[],
    close: async () => database.close(),
  };
}
