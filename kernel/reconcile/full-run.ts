import type { Clock } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import type { SlotTable } from "../slots/slot-table.ts";
import { type AllKeys, allKeys, pageSize } from "./all-keys.ts";
import type { ApplyDeps, BatchApplier } from "./apply-batch.ts";
import { usedTrees } from "./deployment.ts";
import { toFailure } from "./failure.ts";
import { isMassRemoval, type MassRemoval, unsafePlan } from "./guard.ts";
import { adoptedKey, baseKey, fileId } from "./item.ts";
import { type FileRecord, Ledger } from "./ledger.ts";
import { isGenerationFile } from "./merge.ts";
import { Pass } from "./pass.ts";
import { observeFiles } from "./pending.ts";
import type { Settlement } from "./settlement.ts";
import { Tally } from "./tally.ts";
import type { PlanStep, UnitFailure } from "./types.ts";

export interface FullRun {
  readonly applier: BatchApplier;
  readonly table: SlotTable;
  /** True: removals were confirmed, however many. */
  readonly confirmed: boolean;
  settlement(tally: Tally): Settlement;
  standing(slot: string): string | undefined;
}

/**
 * Brings everything to its desired state. Files that are missing are written again; files that were changed by hand are
 * left alone and reported. Throws UNSAFE_PLAN (409) before anything is changed.
 */
export async function runAll(
  deps: ApplyDeps & { readonly clock: Clock },
  run: FullRun,
): Promise<{ steps: PlanStep[]; failures: readonly UnitFailure[] }> {
  const ledger = new Ledger(deps.storage.read);
  const keys = new Map<string, AllKeys>();
  for (const { slot, ...entry } of run.table.order) {
    keys.set(slot.id, await allKeys({ slot, ...entry }, deps.storage.read, ledger));
  }
  const mass = await massRemovals(ledger, keys);
  if (mass.length > 0 && !run.confirmed) throw unsafePlan(mass);
  const world = await observeWorld(deps.host, ledger, run);
  const tally = new Tally([]);
  const settlement = run.settlement(tally);
  const { standing } = run;
  const input = { table: run.table, tally, settlement, forced: true, orphans: [], standing, ...world };
  const pass = new Pass(deps, run.applier, input);
  for (const entry of run.table.order) {
    const all = keys.get(entry.slot.id)?.keys ?? [];
    // Without a unit too: the base may not be as it should.
    for (let from = 0; from === 0 || from < all.length; from += pageSize) {
      await pass.work(entry, all.slice(from, from + pageSize));
    }
  }
  await pass.removeLater();
  await settlement.finish();
  const byHand = world.changed.map(({ file, slot }) => {
    return toFailure({ slot, key: isGenerationFile(file) ? baseKey : file.key }, "conflict", slot);
  });
  return { steps: pass.steps, failures: [...pass.failures, ...byHand] };
}

/** Slots of which a run would remove suspiciously much. */
export async function massRemovals(
  ledger: Ledger,
  keys: ReadonlyMap<string, AllKeys>,
): Promise<readonly MassRemoval[]> {
  const found: MassRemoval[] = [];
  for (const [slot, { leaving }] of keys) {
    const mass = { slot, removals: leaving.length, units: await ledger.count(slot) };
    if (isMassRemoval(mass)) found.push(mass);
  }
  return found;
}

export interface World {
  /** Files that are gone. */
  readonly observed: Map<string, string | null>;
  /** Plugins of which the file that proves a reload is gone. */
  readonly refresh: Set<string>;
  readonly changed: readonly { readonly file: FileRecord; readonly slot: string }[];
}

/** Compares every file of the ledger with what is there, of providers that are used. */
export async function observeWorld(
  host: Host,
  ledger: Ledger,
  run: Pick<FullRun, "table" | "standing">,
): Promise<World> {
  const changed: { file: FileRecord; slot: string }[] = [];
  const world: World = { observed: new Map(), refresh: new Set(), changed };
  for (const { plugin, slot } of await usedTrees(ledger, run)) {
    const files = (await ledger.pluginFiles(plugin)).filter((file) => file.key !== adoptedKey);
    const actual = await observeFiles(host, files);
    for (const [at, file] of files.entries()) {
      if (actual[at] === file.sha256) continue;
      if (actual[at] !== null) changed.push({ file, slot: file.slot || slot });
      else {
        world.observed.set(fileId(file.plugin, file.path), null);
        if (isGenerationFile(file)) world.refresh.add(file.plugin);
      }
    }
  }
  return world;
}
