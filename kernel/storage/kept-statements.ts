import type sqlite3 from "sqlite3";

/** How the driver calls back: for `run`, `this` is the statement, with `lastID` and `changes`. */
export type Done = (this: sqlite3.RunResult, error: Error | null, rows?: unknown[]) => void;

/** A prepared statement. It serves one call at a time; others wait for their turn. */
interface Copy {
  readonly statement: sqlite3.Statement;
  /** Calls that were given to it and have not been answered. */
  calls: number;
}

/** Most texts of which statements are kept; then the one goes that was not used for longest. */
const mostTexts = 400;

/**
 * Statements of one connection of the `sqlite3` driver, kept prepared by their text. The connection's own methods prepare a
 * statement for each call, and throw it away: a trip through the thread pool more, and the parsing.
 */
export class KeptStatements {
  readonly #database: sqlite3.Database;
  readonly #mostCopies: number;
  /** By text, the one used last at the end. */
  readonly #kept = new Map<string, Copy[]>();
  #running = 0;
  readonly #ends: (() => void)[] = [];

  /** `mostCopies`: how many calls of one text may be under way at once. */
  constructor(database: sqlite3.Database, mostCopies: number) {
    this.#database = database;
    this.#mostCopies = mostCopies;
  }

  /**
   * The end of a transaction waits until nothing else is under way: statements may run side by side, and when one of them
   * fails the others must not be done after the rollback.
   */
  call(method: "all" | "run", sql: string, params: readonly unknown[], done: Done): void {
    if (this.#running > 0 && /^(?:COMMIT|ROLLBACK)/.test(sql)) {
      this.#ends.push(() => this.call(method, sql, params, done));
      return;
    }
    const ended = () => {
      this.#running -= 1;
      if (this.#running === 0) this.#ends.shift()?.();
    };
    const failed = (error: Error) => {
      ended();
      done.call({} as sqlite3.RunResult, error);
    };
    const copy = this.#take(sql) ?? this.#prepare(sql, failed);
    copy.calls += 1;
    this.#running += 1;
    copy.statement[method](params, function answer(this: sqlite3.RunResult, error: Error | null, rows?: unknown[]) {
      copy.calls -= 1;
      ended();
      done.call(this, error, rows);
    });
  }

  /** Resolves with the rows, none for a statement that answers none. Rejects with the driver's error. */
  all<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.call("all", sql, params, (error, rows) => (error ? reject(error) : resolve(rows as Row[])));
    });
  }

  /** To be called when nothing is under way; the connection closes only then. */
  async finalize(): Promise<void> {
    const copies = [...this.#kept.values()].flat();
    this.#kept.clear();
    await Promise.all(
      copies.map(({ statement }) => new Promise<void>((resolve) => statement.finalize(() => resolve()))),
    );
  }

  /** Undefined while another copy may be made. */
  #take(sql: string): Copy | undefined {
    const copies = this.#kept.get(sql);
    if (!copies) return undefined;
    this.#kept.delete(sql);
    this.#kept.set(sql, copies);
    const idlest = copies.reduce((a, b) => (b.calls < a.calls ? b : a));
    return idlest.calls === 0 || copies.length >= this.#mostCopies ? idlest : undefined;
  }

  /** What is called before it is prepared waits, and is forgotten by the driver when it cannot be: `failed` hears of that. */
  #prepare(sql: string, failed: (error: Error) => void): Copy {
    const statement = this.#database.prepare(sql, (error: Error | null) => {
      if (error) failed(error);
      else this.#keep(sql, copy);
    });
    const copy: Copy = { statement, calls: 0 };
    return copy;
  }

  #keep(sql: string, copy: Copy): void {
    const copies = this.#kept.get(sql);
    if (copies && copies.length >= this.#mostCopies) copy.statement.finalize();
    else if (copies) copies.push(copy);
    else this.#kept.set(sql, [copy]);
    if (this.#kept.size <= mostTexts) return;
    const [oldest, left] = this.#kept.entries().next().value as [string, Copy[]];
    this.#kept.delete(oldest);
    for (const { statement } of left) statement.finalize();
  }
}

/** Has a connection of the query builder keep its statements. */
export function keepStatements(connection: sqlite3.Database): KeptStatements {
  const kept = new KeptStatements(connection, 1);
  const close = connection.close.bind(connection);
  Object.assign(connection, {
    all: (sql: string, params: readonly unknown[], done: Done) => kept.call("all", sql, params, done),
    run: (sql: string, params: readonly unknown[], done: Done) => kept.call("run", sql, params, done),
    close: async (done: (error: Error | null) => void) => {
      await kept.finalize();
      close(done);
    },
  });
  return kept;
}
