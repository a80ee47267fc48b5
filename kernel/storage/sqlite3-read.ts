import type { SqlValue } from "@patchbay/sdk";
import sqlite3 from "sqlite3";
import { pragmas, type ReadConnection } from "./dialect.ts";

/** Most copies of one statement that are kept prepared. */
const mostCopies = 4;

/** A prepared statement serves one read at a time: reads that come meanwhile take another copy of it. */
interface Copy {
  readonly statement: sqlite3.Statement;
  /** Reads that were given to it and have not been answered. */
  reads: number;
}

/** Prepared reads with the `sqlite3` driver. Each read is one hop through the thread pool. */
export async function openSqlite3Read(file: string): Promise<ReadConnection> {
  const database = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, sqlite3.OPEN_READWRITE, (error) =>
      error ? reject(error) : resolve(opened),
    );
  });
  await exec(database, [...pragmas, "PRAGMA query_only = ON"].join(";"));
  const statements = new Map<string, Copy[]>();
  const all = <Row>(sql: string, params: readonly SqlValue[] = []) => {
    const copies = statements.get(sql) ?? [];
    if (copies.length === 0) statements.set(sql, copies);
    const copy = takeCopy(copies, database, sql);
    copy.reads += 1;
    return new Promise<Row[]>((resolve, reject) => {
      copy.statement.all(params, (error: Error | null, rows: unknown[]) => {
        copy.reads -= 1;
        if (error) reject(error);
        else resolve(rows as Row[]);
      });
    });
  };
  return {
    all,
    // Not the driver's own `get`: it leaves the statement open after the first row, and with it a snapshot that never ends.
    get: async <Row>(sql: string, params?: readonly SqlValue[]) => (await all<Row>(sql, params))[0],
    close: async () => {
      const prepared = [...statements.values()].flat();
      await Promise.all(prepared.map(({ statement }) => new Promise<void>((done) => statement.finalize(() => done()))));
      await new Promise<void>((resolve, reject) => database.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

function takeCopy(copies: Copy[], database: sqlite3.Database, sql: string): Copy {
  let idlest: Copy | undefined;
  for (const copy of copies) {
    if (copy.reads === 0) return copy;
    if (idlest === undefined || copy.reads < idlest.reads) idlest = copy;
  }
  if (idlest !== undefined && copies.length >= mostCopies) return idlest;
  const fresh: Copy = { statement: database.prepare(sql), reads: 0 };
  copies.push(fresh);
  return fresh;
}

function exec(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => database.exec(sql, (error) => (error ? reject(error) : resolve())));
}
