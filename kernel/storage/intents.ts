import { type Clock, type Db, type Intents, type NewRow, notFound } from "@patchbay/sdk";
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

/** Writes rows and records how to take each write back. */
export function createIntents(db: Db, options: IntentsOptions): Intents {
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
    const row = (await db(table).where({ id }).first()) as NewRow | undefined;
    if (!row) throw notFound("object");
    return row;
  };
  return {
    insert: async (table, row) => {
      const now = clock.now();
      const full = { uuid: ids.uuid(), created_at: now, updated_at: now, ...row };
      const [id] = (await db(table).insert(full)) as number[];
      if (id === undefined) throw new Error(`no id for a new row of ${table}`);
      record(table, id, null, full);
      return { id, uuid: full.uuid as string };
    },
    update: async (table, id, patch, known) => {
      const before = known === undefined ? await current(table, id) : (known as NewRow);
      const after = { ...patch, updated_at: clock.now() };
      await db(table).where({ id }).update(after);
      record(table, id, pick(before, Object.keys(after)), after);
    },
    delete: async (table, id) => {
      const before = await current(table, id);
      await db(table).where({ id }).delete();
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
