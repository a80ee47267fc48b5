import type { Db, Logger } from "@patchbay/sdk";
import { createSleeper } from "../jobs/sleeper.ts";
import type { Storage } from "../storage/types.ts";
import type { Fault, FaultKind } from "./guests.ts";

/** A fault as it was written down. */
export interface LoggedFault {
  readonly kind: FaultKind;
  readonly where: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface FaultLogOptions {
  readonly storage: Pick<Storage, "read" | "change">;
  readonly logger: Logger;
}

/** Faults that are kept of each plugin. */
const kept = 50;
/** A plugin that fails in a loop must not make the panel write in a loop. Milliseconds. */
const pause = 200;
const longest = 500;

/**
 * Writes faults into the table `plugin_faults` and acts on what they lead to, by itself: faults happen inside of changes,
 * where nothing may be waited for.
 */
export class FaultLog {
  readonly #options: FaultLogOptions;
  readonly #news = createSleeper();
  #unwritten: (Fault & { readonly at: number })[] = [];
  #errands: (() => Promise<void>)[] = [];
  #loop: Promise<void> | undefined;
  #stopping = false;

  constructor(options: FaultLogOptions) {
    this.#options = options;
  }

  add(fault: Fault, at: number): void {
    this.#unwritten.push({ ...fault, at });
    // Only the last of each plugin are kept anyway.
    if (this.#unwritten.length > 1_000) this.#unwritten.splice(0, 500);
    this.#news.wake();
  }

  /** Does something soon, outside of whatever is going on now. What it throws is logged. */
  soon(errand: () => Promise<void>): void {
    this.#errands.push(errand);
    this.#news.wake();
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Writes what is not yet written. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#news.wake();
    await this.#loop;
    await this.#write().catch(() => undefined);
  }

  recent(plugin: string): Promise<readonly LoggedFault[]> {
    return this.#options.storage.read.all<LoggedFault>(
      'SELECT kind, place AS "where", message, at FROM plugin_faults WHERE plugin = ? ORDER BY id DESC LIMIT ?',
      [plugin, kept],
    );
  }

  /** How many are kept of each plugin. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#options.storage.read.all<{ plugin: string; n: number }>(
      "SELECT plugin, count(*) AS n FROM plugin_faults GROUP BY plugin",
    );
    return new Map(rows.map(({ plugin, n }) => [plugin, n]));
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#news.sleep(60_000);
      await this.#write().catch((error: unknown) => {
        this.#options.logger.error("faults of plugins could not be written down", { error });
      });
      for (const errand of this.#errands.splice(0)) {
        if (!this.#stopping)
          await errand().catch((error: unknown) =>
            this.#options.logger.error("a plugin could not be taken out", { error }),
          );
      }
      if (!this.#stopping) await rest(pause);
    }
  }

  async #write(): Promise<void> {
    const faults = this.#unwritten.splice(0);
    if (faults.length === 0) return;
    await this.#options.storage.change(async ({ db, tables }) => {
      tables.add("plugin_faults");
      for (const { plugin, kind, where, message, at } of faults) {
        await db("plugin_faults").insert({ plugin, kind, place: cut(where), message: cut(message), at });
      }
      for (const plugin of new Set(faults.map((fault) => fault.plugin))) await prune(db, plugin);
    });
  }
}

async function prune(db: Db, plugin: string): Promise<void> {
  const last = db("plugin_faults").where({ plugin }).orderBy("id", "desc").limit(kept).select("id");
  await db("plugin_faults").where({ plugin }).whereNotIn("id", last).delete();
}

/** Forgets what a plugin did wrong: it was removed. */
export async function dropFaults(db: Db, plugin: string): Promise<void> {
  await db("plugin_faults").where({ plugin }).delete();
}

function cut(text: string): string {
  return text.slice(0, longest);
}

function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
