import type { Clock } from "@patchbay/sdk";
import type { SlotEntry, SlotTable } from "../slots/slot-table.ts";
import type { ApplyDeps, Batch, BatchApplier, Sink } from "./apply-batch.ts";
import { Bisector, mostCulprits } from "./bisect.ts";
import { withoutDenied } from "./config-hooks.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { executeItems } from "./execute-items.ts";
import { toFailure } from "./failure.ts";
import { baseKey, fileId, type Item, markId, ownerId } from "./item.ts";
import { type FileRecord, Ledger } from "./ledger.ts";
import { putFront } from "./ledger-write.ts";
import type { FileChange, Merge } from "./merge.ts";
import { Outstanding } from "./outstanding.ts";
import { retireUnused } from "./retire.ts";
import type { Settlement } from "./settlement.ts";
import { type Composing, composeSlot, type Portion, type SlotWork } from "./slot-work.ts";
import { toServiceStep, toSteps, toUnitStep } from "./steps.ts";
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
  /** Plugins to reload because a file that nobody's unit owns is not as it was. Emptied as they are. */
  readonly refresh: Set<string>;
  /** Files of nobody that go, with the base of their plugin. */
  readonly orphans: readonly FileRecord[];
  standing(slot: string): string | undefined;
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
  readonly #outstanding = new Outstanding();
  readonly #failed = new Map<string, UnitFailure>();
  readonly #later: SlotWork[] = [];
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
    const base = { slot: entry.slot.id, key: baseKey };
    const work = await withoutDenied(await composeSlot(this.#composing(), entry, marked), {
      config: this.#deps.config,
      spares: (item) => this.#input.tally.isTakenBack(item),
    });
    for (const portion of [...work.portions, ...work.later]) this.#expect(portion);
    if (needsWord(work.deployment)) this.#outstanding.add(base);
    for (const failure of work.failures) this.#fail(failure, work);
    for (const key of work.same) this.#input.tally.ok({ ...base, key });
    if (work.deployment.isUnserved) {
      if (marked.includes(baseKey)) this.#fail(toFailure(base, "unavailable", entry.slot.title), work);
      return;
    }
    if (marked.includes(baseKey) && !this.#outstanding.has(base) && !this.#failed.has(markId(base))) this.#ok(base);
    for (const portion of work.portions) {
      if (work.handOver && this.#failuresOf(base.slot).length > 0) return this.#failKeys(work, [baseKey, ...marked]);
      await this.#apply(work, portion);
    }
    if (work.later.length > 0) this.#later.push(work);
    await this.#settleFront(work);
    await this.#retireUnused(work);
  }

  /** The removals that had to wait for those of the slots that come after. */
  async removeLater(): Promise<void> {
    for (const work of this.#later.reverse()) {
      for (const portion of work.later) {
        const items = portion.items.filter((item) => !this.#input.tally.isGivenUp(item));
        await this.#apply(work, { ...portion, items });
      }
      await this.#retireUnused(work);
    }
    this.#later.length = 0;
  }

  async #apply(work: SlotWork, { place, items, handOver }: Portion): Promise<void> {
    const { entry } = work.deployment;
    const going = items.filter((item) => item.key === baseKey || !this.#failed.has(markId(item)));
    const isExecuting = place.candidate.provider().kind === "execute";
    const files = isExecuting ? going.filter((item) => item.key === baseKey) : going;
    let isRefused = false;
    const fail = (failure: UnitFailure) => {
      isRefused ||= failure.key === baseKey;
      this.#fail(failure, work);
    };
    const batch = this.#batch(work, { place, items, handOver });
    const options = { whole: handOver !== undefined, fail };
    await new Bisector(this.#deps, this.#applier, { batch, size: files.length, options }).apply(files);
    if (!isExecuting) return;
    const calls = going.filter((item) => item.key !== baseKey);
    // A daemon that never came up cannot be told anything; one that keeps its old base can.
    if (isRefused && !place.awake) for (const item of calls) fail(toFailure(item, "unavailable", entry.slot.title));
    else await executeItems(this.#deps, { entry, place, items: calls, sink: this.#sink(), fail });
  }

  #batch({ deployment }: SlotWork, { place, handOver }: Portion): Batch {
    const { observed, orphans, refresh } = this.#input;
    const { plugin } = place.candidate;
    return {
      entry: deployment.entry,
      place,
      sink: this.#sink(),
      leaving: this.#leaving,
      observed,
      refresh: handOver !== undefined || refresh.has(plugin),
      orphans: orphans.filter((file) => file.plugin === plugin),
      claims: place === deployment.arriving && !needsWord(deployment),
      handOver,
      unproved: false,
    };
  }

  /** Writes down who serves what is assigned to nobody, unless that was written with its base. */
  async #settleFront(work: SlotWork): Promise<void> {
    const { arriving, chosen, entry, front, many } = work.deployment;
    const slot = entry.slot.id;
    if (chosen === "none" && front !== undefined) await this.#deps.storage.change((c) => putFront(c.db, slot, null));
    if (!arriving || !needsWord(work.deployment)) return;
    if (many && front !== undefined && this.#failuresOf(slot).length > 0) return this.#failKeys(work, [baseKey]);
    this.#ok({ slot, key: baseKey });
    await this.#deps.storage.change(async (change) => {
      await putFront(change.db, slot, arriving.candidate.plugin);
      await this.#input.settlement.settle(change);
    });
    this.#deps.crashPoint("reconcile:arrived");
  }

  async #retireUnused({ deployment, later, portions }: SlotWork): Promise<void> {
    const touched = new Set([...portions, ...later].map(({ place }) => place));
    const others = deployment.places.filter((place) => !deployment.isChosen(place) && !deployment.isStanding(place));
    if (!others.some((place) => place.awake || touched.has(place))) return;
    const { entry } = deployment;
    const now = await deploy(entry, this.#ledger, this.#input.standing(entry.slot.id));
    const stopped = await retireUnused(this.#deps, this.#ledger, now);
    this.steps.push(...stopped.map((service) => toServiceStep(entry.slot.id, "stop", service)));
  }

  #composing(): Composing {
    const { forced, observed, standing } = this.#input;
    const { host, logger, storage } = this.#deps;
    const spares = (base: Item) => this.#spares(base);
    return { read: storage.read, host, logger, ledger: this.#ledger, forced, observed, standing, spares };
  }

  /** A base that is blocked is left alone while nobody asks for it. */
  async #spares(base: Item): Promise<boolean> {
    if (this.#input.tally.isMarked(base)) return false;
    const blocked = await this.#deps.storage.read.get(
      "select 1 from blocked where slot = ? and unit_key = '' and retry_at > ?",
      [base.slot, this.#deps.clock.now()],
    );
    return blocked !== undefined;
  }

  #sink(): Sink {
    return {
      live: (items) => {
        for (const item of items) this.#ok(item);
      },
      executed: (items) => this.steps.push(...items.map(toUnitStep)),
      settle: (change) => this.#input.settlement.settle(change),
      took: (merge: Merge, slot: string, files: readonly FileChange[]) => {
        this.steps.push(...toSteps(slot, merge));
        for (const { record } of files) this.#input.observed.delete(fileId(record.plugin, record.path));
        for (const { plugin } of merge.reload) this.#input.refresh.delete(plugin);
      },
    };
  }

  #expect({ items }: Portion): void {
    for (const item of items) {
      this.#outstanding.add(item);
      if (item.unit === null) this.#leaving.add(ownerId(item.plugin, item));
    }
  }

  #ok(mark: { slot: string; key: string }): void {
    if (this.#outstanding.done(mark)) this.#input.tally.ok(mark);
  }

  /** While another provider takes over, units that nobody marked stay with the one they have. */
  #fail(failure: UnitFailure, { deployment }: SlotWork): void {
    // Several providers may refuse the same unit: one reason is enough.
    if (this.#failed.has(markId(failure))) return;
    const taking = deployment.arriving !== undefined && deployment.front !== undefined;
    this.#failed.set(markId(failure), failure);
    if (taking && failure.key !== baseKey && !this.#input.tally.isMarked(failure)) return;
    this.failures.push(failure);
    this.#input.tally.fail(failure);
  }

  /** Fails the others for the sake of those that failed. */
  #failKeys(work: SlotWork, keys: readonly string[]): void {
    const { slot } = work.deployment.entry;
    const culprits = this.#failuresOf(slot.id);
    const issues = culprits.slice(0, mostCulprits).map(({ key, message }) => ({ field: key, message }));
    for (const key of new Set(keys)) {
      if (this.#failed.has(markId({ slot: slot.id, key }))) continue;
      this.#fail(toFailure({ slot: slot.id, key }, culprits[0]?.kind ?? "terminal", slot.title, issues), work);
    }
  }

  #failuresOf(slot: string): readonly UnitFailure[] {
    return [...this.#failed.values()].filter((failure) => failure.slot === slot && failure.key !== baseKey);
  }

  /** Marks of slots that no enabled plugin declares. A unit that was never applied needs nothing. */
  async #unknownSlots(): Promise<void> {
    const { table, tally } = this.#input;
    for (const slot of tally.slots().filter((id) => !table.get(id))) {
      const keys = tally.keys(slot);
      const applied = await this.#ledger.units(slot, keys);
      for (const key of keys) {
        if (!applied.has(key) && tally.isReturning({ slot, key })) tally.ok({ slot, key });
        else {
          const failure = toFailure({ slot, key }, "terminal", slot);
          this.failures.push(failure);
          tally.fail(failure);
        }
      }
    }
  }
}

/** Who arrives without files of its own, or beside others, has to be written down when everything is with it. */
function needsWord({ arriving, many }: Deployment): boolean {
  return arriving !== undefined && (many || arriving.candidate.provider().kind === "execute");
}
