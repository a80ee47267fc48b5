import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readOnly } from "../../kernel/storage/dialect.ts";
import { openSqlite3Connection } from "../../kernel/storage/sqlite3-connection.ts";
import { digestsUnder } from "../harness/files.ts";
import type { TestInstance } from "../harness/instance.ts";

/** Everything a refused request must leave as it is: rows, rendered files, homes, registered accounts. By name, as digests. */
export type State = Readonly<Record<string, string>>;

/** Written by the clock, by reading, or to remember a refusal. */
const movingTables =
  /^(?:audit_.*|system_samples|.*samples|jobs|job_.*|schedules|outbox|login_failures|sqlite_.*|migrations)$/;
const movingColumns = /^(?:last_seen_at|last_used_at)$/;

/** Reads the state of a running instance. Needs the rights of its helper. */
export async function stateOf(instance: TestInstance): Promise<State> {
  const state: Record<string, string> = {};
  for (const [path, digest] of Object.entries(digestsUnder(join(instance.data, "etc")))) {
    state[`etc/${path}`] = digest;
  }
  for (const folder of ["homes", "helper/accounts", "archive"]) {
    const path = join(instance.data, folder);
    state[folder] = existsSync(path) ? readdirSync(path).sort().join(" ") : "";
  }
  const database = await openSqlite3Connection(join(instance.data, "panel", "panel.db"), [readOnly]);
  try {
    for (const name of await tableNames(database)) {
      if (movingTables.test(name)) continue;
      const rows = await database.all<Record<string, unknown>>(`SELECT * FROM "${name}"`);
      const kept = rows
        // A change that a backend refused was taken back, and only the record of that stays.
        .filter((row) => name !== "operations" || row["state"] !== "undone")
        // Counts what was rendered, also of changes that were taken back.
        .filter((row) => name !== "reconcile_state" || row["key"] !== "generation")
        .map((row) => Object.entries(row).filter(([column]) => !movingColumns.test(column)));
      state[`table ${name}`] = `${kept.length} ${createHash("sha256").update(JSON.stringify(kept)).digest("hex")}`;
    }
  } finally {
    await database.close();
  }
  return state;
}

/** Columns of every table of the panel, by table. */
export async function columnsOf(instance: TestInstance): Promise<ReadonlyMap<string, readonly string[]>> {
  const database = await openSqlite3Connection(join(instance.data, "panel", "panel.db"), [readOnly]);
  try {
    const columns = new Map<string, readonly string[]>();
    for (const name of await tableNames(database)) {
      const found = await database.all<{ name: string }>("SELECT name FROM pragma_table_info(?)", [name]);
      columns.set(
        name,
        found.map((column) => column.name),
      );
    }
    return columns;
  } finally {
    await database.close();
  }
}

/** Names of what differs between two states. */
export function changesBetween(before: State, after: State): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]);
}

async function tableNames(database: Awaited<ReturnType<typeof openSqlite3Connection>>): Promise<string[]> {
  const rows = await database.all<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
  );
  return rows.map((row) => row.name);
}
