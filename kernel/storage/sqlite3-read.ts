import type { SqlValue } from "@patchbay/sdk";
import sqlite3 from "sqlite3";
import { pragmas, type ReadConnection } from "./dialect.ts";

/** Prepared reads with the `sqlite3` driver. Each read is one hop through the thread pool. */
export async function openSqlite3Read(file: string): Promise<ReadConnection> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, sqlite3.OPEN_READWRITE, (error) =>
      error ? reject(error) : resolve(opened),
    );
  });
  await exec(database, [...pragmas, "PRAGMA query_only = ON"].join(";"));
  const statements = new Map<string, sqlite3.Statement>();
  const prepared = (sql: string) => {
    const known = statements.get(sql);
    if (known) return known;
    const fresh = database.prepare(sql);
    statements.set(sql, fresh);
    return fresh;
  };
  const all = <Row>(sql: string, params: readonly SqlValue[] = []) =>
    new Promise<Row[]>((resolve, reject) => {
      prepared(sql).all(params, (error: Error | null, rows: unknown[]) =>
        error ? reject(error) : resolve(rows as Row[]),
      );
    });
  return {
    all,
    // Not the driver's own `get`: it leaves the statement open after the first row, and with it a snapshot that never ends.
    get: async <Row>(sql: string, params?: readonly SqlValue[]) => (await all<Row>(sql, params))[0],
    close: async () => {
      await Promise.all([...statements.values()].map((s) => new Promise<void>((done) => s.finalize(() => done()))));
      await new Promise<void>((resolve, reject) => database.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

function exec(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => database.exec(sql, (error) => (error ? reject(error) : resolve())));
}
