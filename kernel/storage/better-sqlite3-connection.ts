import type { SqlValue } from "@patchbay/sdk";
import type { Connection } from "./dialect.ts";

interface Statement {
  /** True when it answers rows; the driver refuses `all` otherwise. */
  readonly reader: boolean;
  get(...params: readonly SqlValue[]): unknown;
  all(...params: readonly SqlValue[]): unknown[];
  run(...params: readonly SqlValue[]): unknown;
}
interface Database {
  pragma(text: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

/** A call that waits for its turn. */
interface Waiting {
  run(): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * A connection of the optional `better-sqlite3` driver, in this thread. The calls of one turn of the event loop run
 * together at its end, in one transaction: taking and giving back SQLite's locks costs more than a read, and answering many
 * callers in a row is cheaper than going through the whole panel for each.
 */
export async function openBetterSqlite3Connection(file: string, pragmas: readonly string[]): Promise<Connection> {
  const driver = "better-sqlite3";
  const { default: Open } = (await import(driver)) as { default: new (file: string) => Database };
  const database = new Open(file);
  for (const pragma of pragmas) database.pragma(pragma.replace("PRAGMA ", ""));
  const statements = new Map<string, Statement>();
  const prepared = (sql: string) => {
    const known = statements.get(sql);
    if (known) return known;
    const fresh = database.prepare(sql);
    statements.set(sql, fresh);
    return fresh;
  };
  const [begin, commit] = [database.prepare("BEGIN"), database.prepare("COMMIT")];
  let waiting: Waiting[] = [];
  const flush = () => {
    const turn = waiting;
    waiting = [];
    if (turn.length === 0) return;
    const single = turn.length === 1;
    if (!single) begin.run();
    const ends = turn.map(runOne);
    if (!single) commit.run();
    for (const end of ends) end();
  };
  const enqueue = <T>(run: () => unknown) =>
    new Promise<T>((resolve, reject) => {
      waiting.push({ run, resolve: resolve as (value: unknown) => void, reject });
      if (waiting.length === 1) setImmediate(flush);
    });
  return {
    get: <Row>(sql: string, params: readonly SqlValue[] = []) =>
      enqueue<Row | undefined>(() => prepared(sql).get(...params)),
    all: <Row>(sql: string, params: readonly SqlValue[] = []) => enqueue<Row[]>(() => allOf(prepared(sql), params)),
    close: async () => {
      if (waiting.length > 0) flush();
      database.close();
    },
  };
}

function allOf(statement: Statement, params: readonly SqlValue[]): unknown[] {
  if (statement.reader) return statement.all(...params);
  statement.run(...params);
  return [];
}

/** Makes a call, and says how to tell its caller once the transaction is over. */
function runOne({ run, resolve, reject }: Waiting): () => void {
  try {
    const value = run();
    return () => resolve(value);
  } catch (error) {
    return () => reject(error);
  }
}
