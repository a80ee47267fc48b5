import { randomUUID } from "node:crypto";
import sqlite3 from "sqlite3";

export type SeedRow = Readonly<Record<string, string | number | null>>;

/** The database of an instance that does not run, in one transaction. */
export interface SeedDatabase {
  /** Rows with the columns of the first, and those that every table has. */
  insert(table: string, rows: readonly SeedRow[]): Promise<void>;
  /** Ids of a table by name. */
  ids(table: string): Promise<ReadonlyMap<string, number>>;
}

/** Runs `work` and commits it. */
export async function seedDatabase(file: string, work: (database: SeedDatabase) => Promise<void>): Promise<void> {
  const db = new sqlite3.Database(file);
  await run(db, "BEGIN");
  await work({
    insert: (table, rows) => insert(db, table, rows),
    ids: async (table) => {
      const rows = await all<{ id: number; name: string }>(db, `SELECT id, name FROM ${table}`);
      return new Map(rows.map(({ id, name }) => [name, id]));
    },
  });
  await run(db, "COMMIT");
  await new Promise<void>((resolve, reject) => db.close((error) => (error ? reject(error) : resolve())));
}

/** The rows travel as one value. */
async function insert(db: sqlite3.Database, table: string, rows: readonly SeedRow[]): Promise<void> {
  const now = Date.now();
  const full = rows.map((row) => ({ uuid: randomUUID(), created_at: now, updated_at: now, ...row }));
  const columns = Object.keys(full[0] ?? {});
  if (columns.length === 0) return;
  const values = columns.map((column) => `json_extract(value, '$.${column}')`).join(", ");
  const sql = `INSERT INTO ${table} (${columns.join(", ")}) SELECT ${values} FROM json_each(?)`;
  await run(db, sql, [JSON.stringify(full)]);
}

function run(db: sqlite3.Database, sql: string, params: readonly unknown[] = []): Promise<void> {
  return new Promise((resolve, reject) => db.run(sql, params, (error) => (error ? reject(error) : resolve())));
}

function all<T>(db: sqlite3.Database, sql: string): Promise<T[]> {
  return new Promise((resolve, reject) => db.all<T>(sql, (error, rows) => (error ? reject(error) : resolve(rows))));
}
