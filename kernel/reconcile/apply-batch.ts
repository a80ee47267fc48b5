import type { Logger } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import type { Host } from "../host/types.ts";
import type { SlotEntry } from "../slots/slot-table.ts";
import type { Change, Ids, Storage } from "../storage/types.ts";
import { comebackOf, type Motion, phasesOf } from "./activation.ts";
import { announceApplied, type ConfigHooks } from "./config-hooks.ts";
import type { ReconcileCrashPoint } from "./crash-points.ts";
import type { Place } from "./deployment.ts";
import { generationFiles, renderGeneration } from "./generation.ts";
import { baseKey, footprint, hashOf, type Item, isRoleKept, isUnitChanged } from "./item.ts";
import { Ledger } from "./ledger.ts";
import { putFiles, putFront, putToSleep, writeItems } from "./ledger-write.ts";
import type { FileChange, Merge, MergeOptions } from "./merge.ts";
import { clearPending, healPending, readGeneration, recordPending } from "./pending.ts";
import type { ProbeTiming } from "./probes.ts";
import type { HandOver } from "./slot-work.ts";
import { planItems } from "./snapshot.ts";
import { type Application, applyTransaction, Unresolved } from "./transaction.ts";

export interface ApplyDeps {
  readonly storage: Storage;
  readonly host: Host;
  readonly logger: Logger;
  readonly ids: Ids;
  readonly timing: ProbeTiming;
  /** Left out, nobody is asked about configuration or told of it. */
  readonly config?: ConfigHooks;
  crashPoint(name: ReconcileCrashPoint): void;
}

/** Where a batch tells what became of its items. */
export interface Sink {
  /** These are live. Called inside the transaction that writes the ledger, or outside of one when nothing was written. */
  live(items: readonly Item[]): void;
  /** An executing provider was told these. */
  executed(items: readonly Item[]): void;
  /** Writes into the ledger's transaction what follows from `live`. */
  settle(change: Change): Promise<void>;
  /** What was changed, with every file that was written. */
  took(merge: Merge, slot: string, files: readonly FileChange[]): void;
}

export interface Batch extends MergeOptions {
  readonly entry: SlotEntry;
  readonly place: Place;
  readonly sink: Sink;
  /** Also filled while the batch runs: with files of a generation that somebody changed. */
  readonly observed: Map<string, string | null>;
  /** True: with its base, its provider is written down as who serves what is assigned to nobody. */
  readonly claims: boolean;
  /** Set when another has had the public ports until now: then all items are of one whole. */
  readonly handOver: HandOver | undefined;
  /** True: only the daemon has to prove itself here. The caller looks at the units, while others may work. */
  readonly unproved: boolean;
}

/** Two items want the same file or line. Nothing was staged. */
export class Clash extends Error {
  readonly items: readonly Item[];
  constructor(items: readonly Item[]) {
    super("items claim the same file or line");
    this.name = "Clash";
    this.items = items;
  }
}

/** Brings items of one rendering provider to life, as one transaction of the helper. */
export class BatchApplier {
  readonly #deps: ApplyDeps;
  readonly #ledger: Ledger;
  #unresolved: string | undefined;
  /** False while the end of a transaction may not be written down. */
  #isWrittenDown = false;
  /** What the last attempt wanted to write. Tells which units a conflict is about. */
  lastFiles: readonly FileChange[] = [];
  /** To which item each probe of the last attempt belongs. */
  lastProbed: readonly Item[] = [];

  constructor(deps: ApplyDeps) {
    this.#deps = deps;
    this.#ledger = new Ledger(deps.storage.read);
  }

  /** Throws what `applyTransaction` throws, and Clash. Then nothing has changed. */
  async apply(batch: Batch, items: readonly Item[]): Promise<void> {
    this.lastFiles = [];
    if (await this.resolve()) throw new Error("the ledger was mended, the pass starts anew");
    const planned = await planItems(this.#ledger, items, batch);
    if (planned.clashes.length > 0) throw new Clash(planned.clashes);
    const slot = batch.entry.slot.id;
    const leaving = await leavingServices(this.#ledger, slot, batch.handOver);
    const merge = { ...planned, stop: [...planned.stop, ...leaving] };
    if (isEmpty(merge)) await this.#writeLedger(batch, { items, merge, files: [] });
    else await this.#transact(batch, items, { merge, leaving });
    batch.sink.took(merge, slot, this.lastFiles);
  }

  async #transact(
    batch: Batch,
    items: readonly Item[],
    work: { merge: Merge; leaving: Motion["leaving"] },
  ): Promise<void> {
    const { storage, ids } = this.#deps;
    const { merge, leaving } = work;
    const { entry, handOver, place } = batch;
    const number = (await readGeneration(this.#ledger)) + 1;
    const places = handOver?.stays ? [place, handOver.from] : [place];
    const generations = await Promise.all(
      places.map(async (one) => ({ place: one, rendered: await renderGeneration(one, number, merge.reload) })),
    );
    const files = [...merge.files];
    for (const generation of generations) files.push(...(await generationFiles(this.#ledger, generation, batch)));
    this.lastFiles = files;
    const probes = batch.unproved ? [] : probesOf(items, merge, handOver);
    this.lastProbed = probes.map(({ item }) => item);
    const motion: Motion = { place, handOver, generations, leaving, reload: merge.reload, stop: merge.stop };
    const application: Application = {
      tx: ids.uuid(),
      files,
      phases: phasesOf(motion),
      probes: probes.map(({ item, probe }) => ({ probe, ports: portsOf(batch, item) })),
      size: () => this.#ledger.count(entry.slot.id),
      comeback: await comebackOf(motion, this.#ledger, entry.slot.id),
    };
    // A front that changes is worked on as a whole again, whoever else is marked.
    const marks = (handOver ? items.filter((item) => item.key === baseKey) : items).map(({ slot, key }) => ({
      slot,
      key,
    }));
    const pending = { tx: application.tx, files: files.map((file) => file.record), marks };
    const record = () => storage.change((change) => recordPending(change, pending, number));
    this.#isWrittenDown = false;
    try {
      await applyTransaction({ ...this.#deps, record }, application);
    } catch (error) {
      if (error instanceof Unresolved) this.#unresolved = error.tx;
      throw error;
    }
    await this.#writeLedger(batch, { items, merge, files });
    this.#isWrittenDown = true;
  }

  async #writeLedger(
    batch: Batch,
    work: { items: readonly Item[]; merge: Merge; files: readonly FileChange[] },
  ): Promise<void> {
    const { items, merge, files } = work;
    const { claims, entry, handOver, place, sink } = batch;
    const effective = new Set(merge.effective);
    const written = items.filter((item) => effective.has(item) || differsFromLedger(item));
    const arrives = claims && items.some((item) => item.key === baseKey);
    sink.live(items);
    if (written.length === 0 && files.length === 0 && !arrives) return;
    await this.#deps.storage.change(async (change) => {
      await putFiles(
        change.db,
        files.map((file) => file.record),
      );
      await writeItems(change.read, written);
      if (arrives) await putFront(change.db, entry.slot.id, place.candidate.plugin);
      if (handOver && !handOver.stays) await putToSleep(change.db, entry.slot.id, handOver.from.candidate.plugin);
      await clearPending(change);
      const { plugin } = place.candidate;
      await announceApplied(this.#deps.config, change, { slot: entry.slot.id, plugin, merge, files });
      await sink.settle(change);
    });
    this.#deps.crashPoint("reconcile:ledger");
  }

  /**
   * Finds out how a transaction ended of which the end is not known; before that nothing may be built upon the ledger.
   * True when the ledger was changed by it. Throws ProviderError while the helper does not answer.
   */
  async resolve(): Promise<boolean> {
    if (this.#unresolved !== undefined) {
      await this.#deps.host.helper.call("apply.rollback", { tx: this.#unresolved });
      this.#unresolved = undefined;
    }
    if (this.#isWrittenDown) return false;
    const healed = await healPending(this.#deps.storage, this.#deps.host);
    this.#isWrittenDown = true;
    return healed;
  }
}

/** Services that end when the front is handed over: those of who leaves it for good. */
export async function leavingServices(
  ledger: Ledger,
  slot: string,
  handOver: HandOver | undefined,
): Promise<readonly ServiceName[]> {
  return handOver && !handOver.stays ? ledger.ownServices(slot, handOver.from.candidate.plugin) : [];
}

export function isEmpty(merge: Merge): boolean {
  return merge.files.length + merge.reload.length + merge.stop.length === 0;
}

/**
 * What must be seen of the units. When the front is handed over that is every unit, at the public ports: of those the new one
 * was serving already, as its own probes have shown, that it is reached there.
 */
function probesOf(items: readonly Item[], merge: Merge, handOver: HandOver | undefined) {
  const effective = new Set(merge.effective);
  return (handOver ? items : merge.effective).flatMap((item) => {
    const all = item.rendered.probes ?? [];
    return (effective.has(item) ? all : all.slice(0, 1)).map((probe) => ({ item, probe }));
  });
}

function portsOf({ handOver, place }: Batch, item: Item) {
  return item.plugin === handOver?.from.candidate.plugin ? handOver.from.ports : place.ports;
}

function differsFromLedger(item: Item): boolean {
  if (isUnitChanged(item)) return true;
  if (item.before && !isRoleKept(item.before, item.role)) return true;
  return hashOf(footprint(item.rendered)) !== hashOf(item.before?.rendered);
}
