import sqlite3 from "sqlite3";
import { type Connection, readBy } from "./dialect.ts";
import { KeptStatements } from "./kept-statements.ts";

/** So many calls of one text are under way at once; others wait for one of them. */
const mostCopies = 4;

/** A connection of the `sqlite3` driver. Each call is one hop through the thread pool. */
export async function openSqlite3Connection(file: string, pragmas: readonly string[]): Promise<Connection> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, sqlite3.OPEN_READWRITE, (error) =>
      error ? reject(error) : resolve(opened),
    );
  });
  await exec(database, pragmas.join(";"));
  const statements = new KeptStatements(database, mostCopies);
  return {
    // Not the driver's own `get`: it leaves the statement open after the first row, and with it a snapshot that never ends.
    ...readBy((sql, params) => statements.all(sql, params)),
    close: async () => {
      await statements.finalize();
      await new Promise<void>((resolve, reject) => database.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

function exec(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => database.exec(sql, (error) => (error ? reject(error) : resolve())));
}
