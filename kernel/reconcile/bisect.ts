import { ProviderError, type ProviderErrorKind } from "@patchbay/sdk";
import { type ApplyDeps, type Batch, type BatchApplier, Clash } from "./apply-batch.ts";
import { kindOf, toFailure } from "./failure.ts";
import { baseKey, fileId, type Item } from "./item.ts";
import { isGenerationFile } from "./merge.ts";
import { observeFiles } from "./pending.ts";
import { ProbesFailed, ReloadFailed, Unresolved } from "./transaction.ts";
import type { UnitFailure } from "./types.ts";

export interface BisectOptions {
  /** True while the front is handed over: all of it works, or nothing is changed. */
  readonly whole: boolean;
  fail(failure: UnitFailure): void;
}

/** How many units are named as the reason why a whole was not applied. */
export const mostCulprits = 10;

/** Applies what can be applied of a batch, and finds the units that stand in the way. */
export class Bisector {
  readonly #deps: ApplyDeps;
  readonly #applier: BatchApplier;
  readonly #batch: Batch;
  readonly #options: BisectOptions;
  #refusals: number;
  #reloads: number;

  constructor(deps: ApplyDeps, applier: BatchApplier, input: { batch: Batch; size: number; options: BisectOptions }) {
    this.#deps = deps;
    this.#applier = applier;
    this.#batch = input.batch;
    this.#options = input.options;
    const depth = Math.ceil(Math.log2(input.size + 1));
    // A test takes milliseconds; a reload that has no effect is waited for until the deadline.
    this.#refusals = 4 * depth + 16;
    this.#reloads = 2 * depth + 2;
  }

  /** Ends with every item either live or failed. Throws only what is no fault of an item. */
  async apply(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    try {
      await this.#applier.apply(this.#batch, items);
    } catch (error) {
      await this.#afterFailure(items, error);
    }
  }

  async #afterFailure(items: readonly Item[], error: unknown): Promise<void> {
    if (error instanceof Clash) return this.#without(items, error.items, "invalid");
    if (error instanceof Unresolved) return this.#failAll(items, "unavailable");
    if (error instanceof ProbesFailed) return this.#without(items, this.#ofProbes(items, error.indexes), "invalid");
    if (error instanceof ReloadFailed) {
      this.#reloads -= 1;
      const { slot } = this.#batch.entry;
      this.#deps.logger.warn("a reload had no effect", { slot: slot.id, units: items.length, died: error.died });
      return this.#split(items, error.died ? "unavailable" : "invalid");
    }
    // Whatever else was thrown is about the panel itself, its database for one: the marks stay and the pass is repeated.
    if (!(error instanceof ProviderError)) throw error;
    const { kind, message, output } = error;
    const { slot } = this.#batch.entry;
    this.#deps.logger.warn("a batch was not applied", {
      slot: slot.id,
      units: items.length,
      kind,
      reason: message,
      output,
    });
    if (kind === "invalid") {
      this.#refusals -= 1;
      return this.#split(items, "invalid");
    }
    if (kind === "conflict") return this.#afterConflict(items);
    this.#failAll(items, kind);
  }

  async #split(items: readonly Item[], kind: ProviderErrorKind): Promise<void> {
    const base = items.find((item) => item.key === baseKey);
    if (items.length === 1 || this.#options.whole || this.#refusals < 0 || this.#reloads < 0) {
      return this.#failAll(items, kind);
    }
    if (base) {
      const rest = items.filter((item) => item !== base);
      let refused = false;
      const alone = new Bisector(this.#deps, this.#applier, {
        batch: this.#batch,
        size: 1,
        options: {
          whole: true,
          fail: () => {
            refused = true;
          },
        },
      });
      await alone.apply([base]);
      return refused ? this.#without(items, [base], kind) : this.apply(rest);
    }
    const middle = Math.ceil(items.length / 2);
    await this.apply(items.slice(0, middle));
    await this.apply(items.slice(middle));
  }

  /** Fails the culprits and goes on with the others; with all, when no culprit is known or no base is in force. */
  async #without(items: readonly Item[], culprits: readonly Item[], kind: ProviderErrorKind): Promise<void> {
    const { place } = this.#batch;
    // What would be left is a base from another time, for another stand.
    const baseless = !place.awake && culprits.some((item) => item.key === baseKey);
    if (culprits.length === 0 || this.#options.whole || baseless) return this.#failAll(items, kind, culprits);
    this.#failAll(culprits, kind);
    await this.apply(items.filter((item) => !culprits.includes(item)));
  }

  async #afterConflict(items: readonly Item[]): Promise<void> {
    const files = this.#applier.lastFiles;
    let actual: readonly (string | null)[];
    try {
      actual = await observeFiles(
        this.#deps.host,
        files.map((file) => file.record),
      );
    } catch (error) {
      return this.#failAll(items, kindOf(error));
    }
    const changed = files.flatMap((file, at) =>
      actual[at] === file.expect ? [] : [{ file, digest: actual[at] ?? null }],
    );
    const ours = changed.filter(({ file }) => isGenerationFile(file.record));
    for (const { file, digest } of ours) this.#batch.observed.set(fileId(file.record.plugin, file.record.path), digest);
    if (ours.length > 0 && ours.length === changed.length) {
      this.#refusals -= 1;
      return this.#refusals < 0 ? this.#failAll(items, "conflict") : this.apply(items);
    }
    const culprits = new Set(changed.flatMap(({ file }) => file.items));
    await this.#without(items, [...culprits], "conflict");
  }

  /** The items whose probes these are, counted as the applier counts: over the items that changed something. */
  #ofProbes(items: readonly Item[], indexes: readonly number[]): readonly Item[] {
    const owners = this.#applier.lastProbed;
    const failed = new Set(indexes.flatMap((index) => owners[index] ?? []));
    return items.filter((item) => failed.has(item));
  }

  /** A whole that fails because of some of its units says which, in the failure of its base. */
  #failAll(items: readonly Item[], kind: ProviderErrorKind, culprits: readonly Item[] = []): void {
    const { slot } = this.#batch.entry;
    const named = culprits.filter((item) => item.key !== baseKey).slice(0, mostCulprits);
    const issues = named.map((item) => ({ field: item.key, message: toFailure(item, kind, slot.title).message }));
    for (const item of items) {
      this.#options.fail(toFailure(item, kind, slot.title, item.key === baseKey ? issues : []));
    }
  }
}
