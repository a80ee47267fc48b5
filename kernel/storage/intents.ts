import { type Clock, type Intents, type NewRow, notFound, type Read } from "@patchbay/sdk";
import { insertRow, name } from "./insert-row.ts";
import type { Ids, Mark, UndoEntry } from "./types.ts";

/** What a change has written so far. */
export interface Written {
  readonly marks: Mark[];
  readonly tables: Set<string>;
  /** In the order of writing. They reach the database together, with the commit. */
  readonly undo: UndoEntry[];
}

export interface IntentsOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly written: Written;
}

/** Writes rows, through the connection of the change, and records how to take each write back. */
export function createIntents(read: Read, options: IntentsOptions): Intents {
  const { clock, ids, written } = options;
  const record = (table: string, rowId: number, before: unknown, after: unknown) => {
    written.tables.add(table);
    written.undo.push({
      table_name: table,
      row_id: rowId,
      before: before === null ? null : JSON.stringify(before),
      after: after === null ? null : JSON.stringify(after),
    });
  };
  const current = async (table: string, id: number): Promise<NewRow> => {
    const row = await read.get<NewRow>(`select * from ${name(table)} where id = ?`, [id]);
    if (!row) throw notFound("object");
    return row;
  };
  return {
    insert: async (table, row) => {
      const now = clock.now();
      const full = { uuid: ids.uuid(), created_at: now, updated_at: now, ...row };
      const id = await insertRow(read, table, full);
      record(table, id, null, full);
      return { id, uuid: full.uuid as string };
    },
    update: async (table, id, patch, known) => {
      const before = known === undefined ? await current(table, id) : (known as NewRow);
      const after = { ...patch, updated_at: clock.now() };
      const columns = Object.keys(after).map((column) => `${name(column)} = ?`);
      await read.all(`update ${name(table)} set ${columns.join(", ")} where id = ?`, [...Object.values(after), id]);
      record(table, id, pick(before, Object.keys(after)), after);
    },
    delete: async (table, id) => {
      const before = await current(table, id);
      await read.all(`delete from ${name(table)} where id = ?`, [id]);
      record(table, id, before, null);
    },
    touch: (slot, key) => {
      if (!written.marks.some((mark) => mark.slot === slot && mark.key === key)) written.marks.push({ slot, key });
    },
  };
}

function pick(row: NewRow, columns: readonly string[]): NewRow {
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
}
