import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, type Migration, PanelError, type Read, type SqlValue } from "@patchbay/sdk";
import knex, { type Knex } from "knex";
import type { Database } from "sqlite3";
import { type Connection, type Dialect, lazy, pragmas, readOnly, transactionRead } from "./dialect.ts";
import { isDiskError } from "./disk-error.ts";
import { createIntents, type Written } from "./intents.ts";
import { type KeptStatements, keepStatements } from "./kept-statements.ts";
import { storageMigrations } from "./schema.ts";
import type { Change, Ids, Mark, Storage, UndoEntry } from "./types.ts";
import { undoWrites } from "./undo.ts";

export interface StorageOptions {
  /** The database file; created when missing. */
  readonly file: string;
  readonly dialect?: Dialect;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Opens the panel's database and brings the storage room's own tables up to date. */
export async function createStorage(options: StorageOptions): Promise<Storage> {
  const dialect = options.dialect ?? "sqlite3";
  const writer = openWriter(options.file, dialect);
  // The first statement creates the file and switches it to WAL, so the others find it that way.
  await writer.knex.raw("SELECT 1");
  await writer.knex.raw(
    "CREATE TABLE IF NOT EXISTS migrations (owner TEXT NOT NULL, id TEXT NOT NULL, applied_at INTEGER NOT NULL, PRIMARY KEY (owner, id))",
  );
  const open = (...more: string[]) => openConnection(options.file, dialect, [...pragmas, ...more]);
  const [read, notes] = await Promise.all([open(readOnly), open(lazy)]);
  const storage = new SqliteStorage({ writer, read, notes }, options);
  await storage.migrate("storage", storageMigrations);
  return storage;
}

interface Writer {
  readonly knex: Knex;
  /** The same connection past the query builder; undefined where that is no faster. */
  direct(): KeptStatements | undefined;
}

function openWriter(file: string, dialect: Dialect): Writer {
  let kept: KeptStatements | undefined;
  const builder = knex({
    client: dialect,
    connection: { filename: file },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate: (connection: Database, done: (error?: Error | null) => void) => {
        if (dialect === "better-sqlite3") {
          for (const pragma of pragmas) connection.exec(pragma);
          done();
        } else {
          kept = keepStatements(connection);
          connection.exec(pragmas.join(";"), done);
        }
      },
    },
  });
  return { knex: builder, direct: () => kept };
}

async function openConnection(file: string, dialect: Dialect, settings: readonly string[]): Promise<Connection> {
  if (dialect === "better-sqlite3")
    return (await import("./better-sqlite3-connection.ts")).openBetterSqlite3Connection(file, settings);
  return (await import("./sqlite3-connection.ts")).openSqlite3Connection(file, settings);
}

interface Connections {
  readonly writer: Writer;
  readonly read: Connection;
  /** For single statements between changes. */
  readonly notes: Connection;
}

class SqliteStorage implements Storage {
  readonly read: Connection;
  readonly #writer: Writer;
  readonly #notes: Connection;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #listeners: Parameters<Storage["onWrite"]>[0][] = [];
  readonly #inside = new AsyncLocalStorage<true>();
  /** Has begun, and has done nothing yet. It has the one connection of the query builder. */
  #next: Promise<Knex.Transaction> | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  /** Changes that run or wait for their turn. */
  #open = 0;

  constructor({ notes, read, writer }: Connections, options: StorageOptions) {
    this.#writer = writer;
    this.#notes = notes;
    this.read = read;
    this.#clock = options.clock;
    this.#ids = options.ids;
  }

  change<T>(work: (change: Change) => Promise<T>, options: { id?: string; rollback?: boolean } = {}): Promise<T> {
    return this.#inTurn(() => this.#run(work, options));
  }

  statement(sql: string, params: readonly SqlValue[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#notes.all(sql, params).catch((error: unknown) => {
        throw isDiskError(error) ? unavailable(error) : error;
      });
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    // A second transaction inside the first would wait for it for ever: there is one writer.
    if (this.#inside.getStore()) return Promise.reject(new Error("a change cannot be started inside a change"));
    this.#open += 1;
    const result = this.#queue.then(() => this.#inside.run(true, work)).finally(() => this.#leave());
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** While the store is on it slows down every promise of the process, so it is off when no change is open. */
  #leave(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#inside.disable();
  }

  async #run<T>(work: (change: Change) => Promise<T>, options: { id?: string; rollback?: boolean }): Promise<T> {
    const written: Written = { marks: [], tables: new Set(), undo: [] };
    const after: (() => void)[] = [];
    const id = options.id ?? this.#ids.uuid();
    const closing: (() => Promise<unknown>)[] = [];
    const transaction = await this.#take();
    const direct = this.#writer.direct();
    const read = transactionRead(transaction, direct ? (sql, params) => direct.all(sql, params) : undefined);
    let value: T;
    try {
      const intents = createIntents(read, { clock: this.#clock, ids: this.#ids, written });
      value = await work({
        id,
        db: transaction,
        read,
        intents,
        marks: written.marks,
        tables: written.tables,
        undo: written.undo,
        closing: (write) => closing.push(write),
        afterCommit: (run) => after.push(run),
      });
      if (options.rollback !== true) {
        const kept = [keepUndo(read, id, written.undo), markDirty(read, id, written.marks)];
        await Promise.all([...kept, ...closing.map((write) => write())]);
        await this.#commit(transaction);
      } else await transaction.rollback();
    } catch (error) {
      if (!transaction.isCompleted()) await transaction.rollback().catch(() => undefined);
      throw isDiskError(error) ? unavailable(error) : error;
    } finally {
      this.#prepare();
    }
    if (options.rollback !== true) {
      if (written.tables.size > 0) await Promise.all(this.#listeners.map((listener) => listener(written.tables)));
      for (const run of after) run();
    }
    return value;
  }

  /** Begins the next transaction, which holds nothing until its first statement: who writes next does not wait for it. */
  #prepare(): void {
    this.#next = this.#writer.knex.transaction();
    this.#next.catch(() => {
      this.#next = undefined;
    });
  }

  async #take(): Promise<Knex.Transaction> {
    const next = this.#next ?? this.#writer.knex.transaction();
    this.#next = undefined;
    return next;
  }

  /** `commit()` resolves also when COMMIT failed, on a full disk for one: only the execution's own promise tells. */
  async #commit(transaction: Knex.Transaction): Promise<void> {
    try {
      await Promise.all([transaction.executionPromise, transaction.commit()]);
    } catch (error) {
      // SQLite leaves the transaction open after some errors. There is one connection, so it must not be handed on so.
      await this.#writer.knex.raw("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  async undo(change: Change, changeId: string): Promise<readonly Mark[]> {
    const marks = (await change.db("dirty").where({ change_id: changeId })) as { slot: string; unit_key: string }[];
    await undoWrites(change.db, changeId, change.tables);
    return marks.map((mark) => ({ slot: mark.slot, key: mark.unit_key }));
  }

  async settle(change: Change, changeId: string): Promise<void> {
    // What this change itself has written is not in the log yet.
    if (changeId === change.id) change.undo.length = 0;
    else await change.read.all("delete from undo_log where change_id = ?", [changeId]);
  }

  async migrate(owner: string, steps: readonly Migration[]): Promise<void> {
    const done = await this.read.all<{ id: string }>("SELECT id FROM migrations WHERE owner = ?", [owner]);
    const applied = new Set(done.map((row) => row.id));
    const unknown = [...applied].filter((id) => !steps.some((step) => step.id === id));
    if (unknown.length > 0) throw new Error(`the data of ${owner} is newer than this version: ${unknown.join(", ")}`);
    for (const step of steps) {
      if (applied.has(step.id)) continue;
      await this.change(async (change) => {
        await step.up(change.db);
        await change.db("migrations").insert({ owner, id: step.id, applied_at: this.#clock.now() });
      });
    }
  }

  onWrite(listener: Parameters<Storage["onWrite"]>[0]): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#next?.then((transaction) => transaction.rollback()).catch(() => undefined);
    await Promise.all([this.read.close(), this.#notes.close()]);
    await this.#writer.knex.destroy();
  }
}

function unavailable(cause: unknown): PanelError {
  return new PanelError("STORAGE_UNAVAILABLE", {
    status: 503,
    message: "The panel's database cannot be written, perhaps because the disk is full. Nothing was changed.",
    retry: "later",
    retryAfterSeconds: 30,
    cause,
  });
}

async function keepUndo(read: Read, changeId: string, entries: readonly UndoEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await read.all(
    `insert into undo_log (change_id, table_name, row_id, before, after)
     select ?, json_extract(value, '$.table_name'), json_extract(value, '$.row_id'), json_extract(value, '$.before'),
       json_extract(value, '$.after') from json_each(?) order by key`,
    [changeId, JSON.stringify(entries)],
  );
}

async function markDirty(read: Read, changeId: string, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  await read.all(
    `insert or ignore into dirty (slot, unit_key, change_id)
     select json_extract(value, '$.slot'), json_extract(value, '$.key'), ? from json_each(?) order by key`,
    [changeId, JSON.stringify(marks)],
  );
}
