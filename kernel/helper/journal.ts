import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { serviceName } from "@patchbay/sdk/privileged";
import * as v from "valibot";
import { lstatIf, readJson, syncDirectory, writeDurable } from "./durable.ts";
import { HelperError } from "./errors.ts";

const journal = v.object({
  tx: v.string(),
  /** `swapped`: files may have been exchanged. `activated`: daemons may have been told. */
  state: v.picklist(["swapped", "activated"]),
  files: v.array(
    v.object({
      plugin: v.string(),
      path: v.string(),
      kind: v.picklist(["write", "remove"]),
      /** There was a file before: its backup is in the staging area. */
      existed: v.boolean(),
    }),
  ),
  /** Directories of the trees that the transaction adds, parents first, `<plugin>/<path>`. */
  directories: v.array(v.string()),
  /** Each with whether it ran before the transaction, however often it was told something since. */
  services: v.array(v.object({ name: serviceName, action: v.picklist(["reload", "stop"]), wasRunning: v.boolean() })),
});

/** What must be known to take a transaction back. A transaction without a journal has not touched anything live. */
export type Journal = v.InferOutput<typeof journal>;
export type JournalFile = Journal["files"][number];
export type JournalService = Journal["services"][number];

/** One durable file for each transaction between swap and commit. Removing it is the commit. */
export class Journals {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  write(entry: Journal): void {
    writeDurable(this.#path(entry.tx), JSON.stringify(entry));
  }

  /** Undefined when the transaction has none. Throws when it cannot be read: then nothing may be thrown away. */
  read(tx: string): Journal | undefined {
    const path = this.#path(tx);
    if (lstatIf(path) === undefined) return undefined;
    const parsed = v.safeParse(journal, readJson(path));
    if (parsed.success) return parsed.output;
    throw new HelperError("terminal", `the journal of transaction ${tx} cannot be read`);
  }

  remove(tx: string): void {
    const path = this.#path(tx);
    rmSync(path, { force: true });
    syncDirectory(dirname(path));
  }

  /** Transactions that have one. What a crash left of a journal that was being written was never one. */
  list(): string[] {
    const names = readdirSync(this.#dir);
    for (const name of names) if (name.endsWith(".tmp")) rmSync(join(this.#dir, name), { force: true });
    return names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
  }

  #path(tx: string): string {
    return join(this.#dir, `${tx}.json`);
  }
}
