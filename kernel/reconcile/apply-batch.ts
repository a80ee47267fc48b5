import { type Logger, ProviderError, type Rendered, type RenderingProvider } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import type { Host } from "../host/types.ts";
import type { BoundProvider, SlotEntry } from "../slots/slot-table.ts";
import type { Change, Ids, Storage } from "../storage/types.ts";
import type { ReconcileCrashPoint } from "./crash-points.ts";
import {
  fileId,
  footprint,
  generationKey,
  hashOf,
  type Item,
  isUnitChanged,
  serviceId,
  sha256,
  toServiceName,
} from "./item.ts";
import { type FileRecord, Ledger } from "./ledger.ts";
import { putFiles, writeItems } from "./ledger-write.ts";
import { expectedDigest, type FileChange, type Merge, type MergeOptions } from "./merge.ts";
import { clearPending, healPending, readGeneration, recordPending } from "./pending.ts";
import type { ProbeTiming } from "./probes.ts";
import { planItems } from "./snapshot.ts";
import { type Application, applyTransaction, Unresolved } from "./transaction.ts";

export interface ApplyDeps {
  readonly storage: Storage;
  readonly host: Host;
  readonly logger: Logger;
  readonly ids: Ids;
  readonly timing: ProbeTiming;
  crashPoint(name: ReconcileCrashPoint): void;
}

/** Where a batch tells what became of its items. */
export interface Sink {
  /** These are live. Called inside the transaction that writes the ledger, or outside of one when nothing was written. */
  live(items: readonly Item[]): void;
  /** Writes into the ledger's transaction what follows from `live`. */
  settle(change: Change): Promise<void>;
  /** What was changed, with every file that was written. */
  took(merge: Merge, slot: string, files: readonly FileChange[]): void;
}

export interface Batch extends MergeOptions {
  readonly entry: SlotEntry;
  readonly bound: BoundProvider;
  readonly sink: Sink;
  /** Also filled while the batch runs: with files of a generation that somebody changed. */
  readonly observed: Map<string, string | null>;
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
  /** What the last attempt wanted to write. Tells which units a conflict is about. */
  lastFiles: readonly FileChange[] = [];
  /** To which item each probe of the last attempt belongs. */
  lastProbed: readonly Item[] = [];

  constructor(deps: ApplyDeps) {
    this.#deps = deps;
    this.#ledger = new Ledger(deps.storage.read);
  }

  /** Throws what `applyTransaction` throws, and Clash. Then nothing has changed. */
  async apply(batch: Batch, items: readonly Item[]): Promise<Merge> {
    this.lastFiles = [];
    if (await this.resolve()) throw new Error("the ledger was mended, the pass starts anew");
    const merge = await planItems(this.#ledger, items, batch);
    if (merge.clashes.length > 0) throw new Clash(merge.clashes);
    if (isEmpty(merge)) await this.#writeLedger(batch, items, []);
    else await this.#transact(batch, items, merge);
    batch.sink.took(merge, batch.entry.slot.id, this.lastFiles);
    return merge;
  }

  async #transact(batch: Batch, items: readonly Item[], merge: Merge): Promise<void> {
    const { storage, ids } = this.#deps;
    const number = (await readGeneration(this.#ledger)) + 1;
    const generation = renderGeneration(batch.bound, number, merge.reload);
    const files = [...merge.files, ...(await this.#generationFiles(batch, generation))];
    this.lastFiles = files;
    const probes = merge.effective.flatMap((item) => (item.rendered.probes ?? []).map((probe) => ({ item, probe })));
    this.lastProbed = probes.map(({ item }) => item);
    const application: Application = {
      tx: ids.uuid(),
      files,
      reload: merge.reload,
      stop: merge.stop,
      reloaded: generation.probes ?? [],
      probes: probes.map(({ probe }) => probe),
    };
    const pending = {
      tx: application.tx,
      files: files.map((file) => file.record),
      marks: items.map(({ slot, key }) => ({ slot, key })),
    };
    const record = () => storage.change((change) => recordPending(change, pending, number));
    try {
      await applyTransaction({ ...this.#deps, record }, application);
    } catch (error) {
      if (error instanceof Unresolved) this.#unresolved = error.tx;
      throw error;
    }
    await this.#writeLedger(batch, items, files);
  }

  async #writeLedger(batch: Batch, items: readonly Item[], files: readonly FileChange[]): Promise<void> {
    batch.sink.live(items);
    const written = files.length > 0 ? items : items.filter(differsFromLedger);
    if (written.length === 0 && files.length === 0) return;
    await this.#deps.storage.change(async (change) => {
      await putFiles(
        change.db,
        files.map((file) => file.record),
      );
      await writeItems(change.db, written);
      await clearPending(change);
      await batch.sink.settle(change);
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
    return healPending(this.#deps.storage, this.#deps.host);
  }

  async #generationFiles(batch: Batch, generation: Rendered): Promise<readonly FileChange[]> {
    const { plugin } = batch.bound;
    const files = generation.files ?? [];
    const known = await this.#ledger.files(
      plugin,
      files.map((file) => file.path),
    );
    return files.map(({ path, content }) => {
      const row = known.find((file) => file.path === path);
      const expect = expectedDigest(fileId(plugin, path), row, batch);
      const record: FileRecord = {
        plugin,
        path,
        sha256: sha256(content),
        slot: batch.entry.slot.id,
        key: generationKey,
        adopted: false,
      };
      return { record, content, expect, items: [] };
    });
  }
}

/** What proves that this reload took effect; empty when nothing is reloaded that it is about. Throws ProviderError. */
export function renderGeneration(bound: BoundProvider, number: number, reload: readonly ServiceName[]): Rendered {
  const provider = bound.provider as RenderingProvider;
  if (reload.length === 0 || !provider.generation) return {};
  let rendered: Rendered;
  try {
    rendered = provider.generation(number);
  } catch (cause) {
    throw new ProviderError("terminal", "a generation could not be rendered", { cause });
  }
  if ((rendered.lines ?? []).length > 0) throw new ProviderError("terminal", "a generation has files, not lines");
  const about = rendered.services?.map((ref) => serviceId(toServiceName(bound.plugin, ref)));
  return about && !reload.some((service) => about.includes(serviceId(service))) ? {} : rendered;
}

export function isEmpty(merge: Merge): boolean {
  return merge.files.length + merge.reload.length + merge.stop.length === 0;
}

function differsFromLedger(item: Item): boolean {
  if (isUnitChanged(item)) return true;
  return hashOf(footprint(item.rendered)) !== hashOf(item.before?.rendered);
}
