import type { Read, SqlValue } from "@patchbay/sdk";

/** Inserts one row, and resolves with its `rowid`. The text of the statement depends on the names alone. */
export async function insertRow(read: Read, table: string, row: Readonly<Record<string, SqlValue>>): Promise<number> {
  const columns = Object.keys(row).map(name);
  const sql = `insert into ${name(table)} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})
    returning rowid as id`;
  const [inserted] = await read.all<{ id: number }>(sql, Object.values(row));
  if (!inserted) throw new Error(`no id for a new row of ${table}`);
  return inserted.id;
}

/** A name of a table or column as it stands in a statement. */
export function name(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
