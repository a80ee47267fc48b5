import type { SqlValue } from "@patchbay/sdk";
import sqlite3 from "sqlite3";
import { pragmas, type ReadConnection } from "./dialect.ts";
import { KeptStatements } from "./kept-statements.ts";

/** So many reads of one text are under way at once; others wait for one of them. */
const mostCopies = 4;

/** Prepared reads with the `sqlite3` driver. Each read is one hop through the thread pool. */
export async function openSqlite3Read(file: string): Promise<ReadConnection> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, sqlite3.OPEN_READWRITE, (error) =>
      error ? reject(error) : resolve(opened),
    );
  });
  await exec(database, [...pragmas, "PRAGMA query_only = ON"].join(";"));
  const statements = new KeptStatements(database, mostCopies);
  const all = <Row>(sql: string, params: readonly SqlValue[] = []) =>
    new Promise<Row[]>((resolve, reject) => {
      statements.call("all", sql, params, (error, rows) => (error ? reject(error) : resolve(rows as Row[])));
    });
  return {
    all,
    // Not the driver's own `get`: it leaves the statement open after the first row, and with it a snapshot that never ends.
    get: async <Row>(sql: string, params?: readonly SqlValue[]) => (await all<Row>(sql, params))[0],
    close: async () => {
      await statements.finalize();
      await new Promise<void>((resolve, reject) => database.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

function exec(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => database.exec(sql, (error) => (error ? reject(error) : resolve())));
}
