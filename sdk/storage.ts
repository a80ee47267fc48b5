import type { Knex } from "knex";

/** A query builder, or a transaction, on the panel's database. Plugins get it only inside a change. */
export type Db = Knex;

/** A parameter of a statement. */
export type SqlValue = string | number | null;

/**
 * Prepared reads. Outside a change they run on a connection of their own and never wait for a writer; inside a change they
 * see the change's own writes. Statements are cached by their text: keep the text constant and pass values as parameters.
 */
export interface Read {
  /** The first row, or undefined. */
  get<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row | undefined>;
  all<Row>(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
}

/** One forward step of an owner's schema. Applied once, in order, in one transaction. Never edited after a release. */
export interface Migration {
  /** `001-accounts`: sorts in the order of application. */
  readonly id: string;
  up(db: Db): Promise<void>;
}

/** A value of a column. */
export type RowValue = string | number | null;
/** Columns to write, by name. */
export type NewRow = Readonly<Record<string, RowValue>>;

/**
 * How a change writes the rows of its resources. Every call is recorded, so that the whole change can be taken back when a
 * backend refuses it. Every table written through it has `id` (integer key), `uuid` (UUIDv7), `created_at` and
 * `updated_at` (milliseconds since 1970).
 */
export interface Intents {
  insert(table: string, row: NewRow): Promise<{ id: number; uuid: string }>;
  /**
   * Throws NOT_FOUND when the row does not exist. `before`: the whole row as this change has read it and not written since,
   * which spares reading it again.
   */
  update(table: string, id: number, patch: NewRow, before?: object): Promise<void>;
  /** Throws NOT_FOUND when the row does not exist. */
  delete(table: string, id: number): Promise<void>;
  /** Marks one unit of a slot as changed: it is reconciled before the caller is answered. */
  touch(slot: string, key: string): void;
}
