import type { Clock } from "@patchbay/sdk";
import { type BoundProvider, isBound, type SlotEntry, type SlotTable } from "../slots/slot-table.ts";
import { allKeys } from "./all-keys.ts";
import type { ApplyDeps, Batch, BatchApplier, Sink } from "./apply-batch.ts";
import { Bisector } from "./bisect.ts";
import { executeItems } from "./execute-items.ts";
import { kindOf, toFailure } from "./failure.ts";
import { baseKey, fileId, generationKey, type Item } from "./item.ts";
import { Ledger } from "./ledger.ts";
import type { FileChange, Merge } from "./merge.ts";
import { prepareBase, prepareUnits } from "./prepare.ts";
import type { Settlement } from "./settlement.ts";
import { toSteps, toUnitStep } from "./steps.ts";
import type { Tally } from "./tally.ts";
import type { PlanStep, UnitFailure } from "./types.ts";

export interface PassInput {
  readonly table: SlotTable;
  readonly tally: Tally;
  readonly settlement: Settlement;
  /** Render also units that have not changed. */
  readonly forced: boolean;
  /** Files to write over. Emptied as they are written. */
  readonly observed: Map<string, string | null>;
  /** Plugins to reload because the file that proves a reload is not as it was. Emptied as they are. */
  readonly refresh: Set<string>;
}

interface Later {
  readonly entry: SlotEntry;
  readonly bound: BoundProvider;
  readonly removals: readonly Item[];
}

/**
 * Walks the slots once: what is added or changed in dependency order, then what is removed in the opposite order. Where
 * nothing comes after a slot, its removals go with the rest, which saves a reload.
 */
export class Pass {
  readonly #deps: ApplyDeps & { readonly clock: Clock };
  readonly #applier: BatchApplier;
  readonly #input: PassInput;
  readonly #ledger: Ledger;
  readonly #leaving = new Set<string>();
  readonly #later: Later[] = [];
  /** What was done. */
  readonly steps: PlanStep[] = [];
  readonly failures: UnitFailure[] = [];

  constructor(deps: ApplyDeps & { readonly clock: Clock }, applier: BatchApplier, input: PassInput) {
    this.#deps = deps;
    this.#applier = applier;
    this.#input = input;
    this.#ledger = new Ledger(deps.storage.read);
  }

  /** Works on all marks of the tally. */
  async walk(): Promise<void> {
    const { table, tally } = this.#input;
    await this.#unknownSlots();
    for (const entry of table.order) {
      const keys = tally.keys(entry.slot.id);
      if (keys.length > 0) await this.work(entry, keys);
    }
    await this.removeLater();
  }

  /** Brings these keys of a slot to their desired state, except for removals that have to wait. */
  async work(entry: SlotEntry, marked: readonly string[]): Promise<void> {
    const { tally, forced } = this.#input;
    const slot = entry.slot.id;
    const bound = entry.bound();
    const base = await this.#base(entry);
    if (base === "failed") return this.#failKeys(entry, marked);
    const switching = base?.before !== undefined && base.before.plugin !== base.plugin;
    const keys = switching ? (await allKeys(entry, this.#deps.storage.read, this.#ledger)).keys : marked;
    const options = { read: this.#deps.storage.read, ledger: this.#ledger, logger: this.#deps.logger, forced };
    const prepared = await prepareUnits(entry, keys, options);
    for (const key of prepared.same) tally.ok({ slot, key });
    for (const failure of prepared.failures) this.#fail(failure);
    if (!isBound(bound)) return this.#unserved(entry, marked);
    if (!base && marked.includes(baseKey)) tally.ok({ slot, key: baseKey });
    for (const item of prepared.removals) this.#leaving.add(`${slot}\n${item.key}`);
    if (switching && prepared.failures.length > 0) return this.#failKeys(entry, [baseKey, ...marked]);
    const waits = entry.awaited && !switching;
    if (waits && prepared.removals.length > 0) this.#later.push({ entry, bound, removals: prepared.removals });
    const items = [...(base ? [base] : []), ...prepared.upserts, ...(waits ? [] : prepared.removals)];
    await this.#apply(entry, { bound, items, switching });
  }

  /** The removals that had to wait for those of the slots that come after. */
  async removeLater(): Promise<void> {
    for (const { entry, bound, removals } of this.#later.reverse()) {
      const items = removals.filter((item) => !this.#input.tally.isGivenUp(item));
      await this.#apply(entry, { bound, items, switching: false });
    }
    this.#later.length = 0;
  }

  async #apply(
    entry: SlotEntry,
    work: { bound: BoundProvider; items: readonly Item[]; switching: boolean },
  ): Promise<void> {
    const { bound, items, switching } = work;
    const fail = (failure: UnitFailure) => this.#fail(failure, switching);
    if (bound.provider.kind === "execute") {
      return executeItems(this.#deps, { entry, bound, items, sink: this.#sink(), fail });
    }
    const base = items.find((item) => item.key === baseKey);
    const former = switching ? await this.#ledger.ownedFiles(entry.slot.id, generationKey) : [];
    const batch: Batch = {
      entry,
      bound,
      sink: this.#sink(),
      leaving: this.#leaving,
      observed: this.#input.observed,
      refresh: base !== undefined && this.#input.refresh.has(bound.plugin),
      orphans: former.filter((file) => file.plugin !== bound.plugin),
    };
    const input = { batch, size: items.length, options: { whole: switching, fail } };
    await new Bisector(this.#deps, this.#applier, input).apply(items);
  }

  /** The base when it has to be applied. Left alone while it is blocked and nobody asked for it. */
  async #base(entry: SlotEntry): Promise<Item | "failed" | undefined> {
    const slot = entry.slot.id;
    let base: Item | undefined;
    try {
      base = await prepareBase(entry, this.#ledger, this.#input.forced);
    } catch (error) {
      this.#deps.logger.error("the base of a slot could not be rendered", { slot, error });
      this.#fail(toFailure({ slot, key: baseKey }, kindOf(error), entry.slot.title));
      return "failed";
    }
    if (!base?.before || this.#input.forced || this.#input.tally.isMarked(base)) return base;
    const blocked = await this.#deps.storage.read.get(
      "select 1 from blocked where slot = ? and unit_key = '' and retry_at > ?",
      [slot, this.#deps.clock.now()],
    );
    return blocked ? undefined : base;
  }

  #sink(): Sink {
    return {
      live: (items) => {
        for (const item of items) {
          this.#input.tally.ok(item);
          if (item.key !== baseKey && this.#isExecuted(item)) this.steps.push(toUnitStep(item));
        }
      },
      settle: (change) => this.#input.settlement.settle(change),
      took: (merge: Merge, slot: string, files: readonly FileChange[]) => {
        this.steps.push(...toSteps(slot, merge));
        for (const { record } of files) this.#input.observed.delete(fileId(record.plugin, record.path));
        for (const { plugin } of merge.reload) this.#input.refresh.delete(plugin);
      },
    };
  }

  #isExecuted(item: Item): boolean {
    const bound = this.#input.table.get(item.slot)?.bound();
    return bound !== undefined && isBound(bound) && bound.provider.kind === "execute";
  }

  /** While a slot is switched, units that nobody marked stay with the provider they have. */
  #fail(failure: UnitFailure, switching = false): void {
    if (switching && !this.#input.tally.isMarked(failure)) return;
    this.failures.push(failure);
    this.#input.tally.fail(failure);
  }

  #failKeys(entry: SlotEntry, keys: readonly string[]): void {
    for (const key of new Set(keys)) {
      const mark = { slot: entry.slot.id, key };
      const known = this.failures.some((failure) => failure.slot === mark.slot && failure.key === key);
      if (!known) this.#fail(toFailure(mark, "terminal", entry.slot.title), true);
    }
  }

  #unserved(entry: SlotEntry, marked: readonly string[]): void {
    if (!marked.includes(baseKey)) return;
    this.#fail(toFailure({ slot: entry.slot.id, key: baseKey }, "unavailable", entry.slot.title));
  }

  /** Marks of slots that no enabled plugin declares. A unit that was never applied needs nothing. */
  async #unknownSlots(): Promise<void> {
    const { table, tally } = this.#input;
    for (const slot of tally.slots().filter((id) => !table.get(id))) {
      const keys = tally.keys(slot);
      const applied = await this.#ledger.units(slot, keys);
      for (const key of keys) {
        if (applied.has(key) || !tally.isReturning({ slot, key }))
          this.#fail(toFailure({ slot, key }, "terminal", slot));
        else tally.ok({ slot, key });
      }
    }
  }
}
