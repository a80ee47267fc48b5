import type { Db, NewRow } from "@patchbay/sdk";
import type { UndoEntry } from "./types.ts";

/**
 * Takes back what a committed change wrote, newest write first. A column that a later change has written again keeps the
 * later value, and a row that a later change removed stays removed.
 */
export async function undoWrites(db: Db, changeId: string, tables: Set<string>): Promise<void> {
  const rows = (await db("undo_log").where({ change_id: changeId }).orderBy("id", "desc")) as UndoEntry[];
  for (const row of rows) {
    tables.add(row.table_name);
    await undoOne(db, row);
  }
  await db("undo_log").where({ change_id: changeId }).delete();
}

async function undoOne(db: Db, row: UndoEntry): Promise<void> {
  const { table_name: table, row_id: id } = row;
  const before = row.before === null ? null : (JSON.parse(row.before) as NewRow);
  const after = row.after === null ? null : (JSON.parse(row.after) as NewRow);
  if (before === null) {
    await db(table).where({ id }).delete();
    return;
  }
  if (after === null) {
    await db(table).insert(before).onConflict().ignore();
    return;
  }
  const now = (await db(table).where({ id }).first()) as NewRow | undefined;
  if (!now) return;
  const restored = Object.entries(before).filter(([column]) => now[column] === after[column]);
  if (restored.length > 0) await db(table).where({ id }).update(Object.fromEntries(restored));
}
