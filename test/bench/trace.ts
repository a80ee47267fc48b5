import sqlite3 from "sqlite3";
import type { HelperClient, Host } from "../../kernel/host/types.ts";

/** Where the time of one change went. Times are milliseconds since 1970, so that two processes can be put together. */
export interface ChangeTrace {
  readonly total: number;
  readonly statements: number;
  /** Configuration files that were staged, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly test: { readonly from: number; readonly to: number };
  /** From the order to reload until the probes have seen the new configuration. */
  readonly reload: { readonly from: number; readonly to: number };
  /** Milliseconds in which the account's own process made the directory. */
  readonly home: number;
}

/** Begins a line that the driver of the benchmark reads. */
export const traceMark = "bench-trace ";
/** Begins a line of the helper: the moment at which the daemon's own test begins. */
export const shadowMark = "bench-shadow ";

/** Milliseconds since 1970, with fractions. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** What was printed after a mark, line by line. */
export function linesOf<T>(output: string, mark: string): T[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith(mark))
    .map((line) => JSON.parse(line.slice(mark.length)) as T);
}

interface Counters {
  statements: number;
  files: number;
  bytes: number;
  testFrom: number;
  testTo: number;
  reloadFrom: number;
  reloadTo: number;
  home: number;
}

const zero: Counters = {
  statements: 0,
  files: 0,
  bytes: 0,
  testFrom: 0,
  testTo: 0,
  reloadFrom: 0,
  reloadTo: 0,
  home: 0,
};

/** Counts and times what one change does. Changes must come one after the other. */
export class Trace {
  #now: Counters = { ...zero };

  constructor() {
    this.#countStatements();
  }

  /** The host, timed. */
  around(host: Host): Host {
    const client = host.helper;
    const call: HelperClient["call"] = async (op, input, options) => {
      const from = epochMs();
      if (op === "apply.activate") this.#now.reloadFrom = from;
      if (op === "apply.commit") this.#now.reloadTo = from;
      if (op === "apply.stage") this.#countFiles(input as { files: readonly { content: string | null }[] });
      try {
        return await client.call(op, input, options);
      } finally {
        const to = epochMs();
        if (op === "apply.test") [this.#now.testFrom, this.#now.testTo] = [from, to];
        if (op === "account.make-directory") this.#now.home += to - from;
      }
    };
    return { ...host, helper: { call } };
  }

  /** Runs a change and prints where its time went. */
  async change<T>(work: () => Promise<T>): Promise<T> {
    this.#now = { ...zero };
    const from = epochMs();
    try {
      return await work();
    } finally {
      const { statements, files, bytes, home, testFrom, testTo, reloadFrom, reloadTo } = this.#now;
      const trace: ChangeTrace = {
        total: epochMs() - from,
        statements,
        files,
        bytes,
        home,
        test: { from: testFrom, to: testTo },
        reload: { from: reloadFrom, to: reloadTo },
      };
      process.stdout.write(`${traceMark}${JSON.stringify(trace)}\n`);
    }
  }

  #countFiles({ files }: { files: readonly { content: string | null }[] }): void {
    this.#now.files += files.length;
    for (const { content } of files) this.#now.bytes += Buffer.byteLength(content ?? "");
  }

  /** Both the prepared reads and the query builder end in a statement of the driver. */
  #countStatements(): void {
    const methods = sqlite3.Statement.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
    const count = () => {
      this.#now.statements += 1;
    };
    for (const name of ["run", "get", "all", "each"]) {
      const original = methods[name];
      if (!original) throw new Error(`the driver has no ${name}`);
      methods[name] = function counted(this: unknown, ...args: unknown[]) {
        count();
        return original.apply(this, args);
      };
    }
  }
}
