import type { ExecutingProvider } from "@patchbay/sdk";
import type { BoundProvider, SlotEntry } from "../slots/slot-table.ts";
import type { ApplyDeps, Sink } from "./apply-batch.ts";
import { kindOf, toFailure } from "./failure.ts";
import { type Footprint, footprint, type Item } from "./item.ts";
import { distrustUnits, putUnits, writeItems } from "./ledger-write.ts";
import { inParallel } from "./parallel.ts";
import type { UnitFailure } from "./types.ts";

/** How long one call of a provider may take. Milliseconds. */
const deadlineMs = 60_000;
const concurrency = 4;

export interface ExecuteInput {
  readonly entry: SlotEntry;
  readonly bound: BoundProvider;
  readonly items: readonly Item[];
  readonly sink: Sink;
  fail(failure: UnitFailure): void;
}

/**
 * Has an executing provider carry out what differs, unit by unit. Before the first call the ledger loses its word for these
 * units: a call that fails, or is cut short by a crash, has done nobody knows what, so that taking the change back must
 * call again even though the desired unit then equals the one applied last.
 */
export async function executeItems(deps: ApplyDeps, input: ExecuteInput): Promise<void> {
  const { entry, bound, items, sink } = input;
  if (items.length === 0) return;
  const provider = bound.provider as ExecutingProvider;
  await announce(deps, items);
  deps.crashPoint("reconcile:announced");
  const live: Item[] = [];
  await inParallel(items, concurrency, async (item) => {
    try {
      await execute(provider, item);
      live.push(item);
    } catch (error) {
      deps.logger.warn("a unit was not applied", { slot: item.slot, key: item.key, plugin: item.plugin, error });
      input.fail(toFailure(item, kindOf(error), entry.slot.title));
    }
  });
  deps.crashPoint("reconcile:executed");
  if (live.length === 0) return;
  sink.live(live);
  await deps.storage.change(async (change) => {
    await writeItems(change.db, live);
    await sink.settle(change);
  });
  deps.crashPoint("reconcile:ledger");
}

async function execute(provider: ExecutingProvider, item: Item): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  if (item.unit !== null) {
    const previous = isAnnounced(item.before?.rendered) ? undefined : item.before?.unit;
    return provider.apply(item.key, item.unit, previous, signal);
  }
  if (item.before) return provider.remove(item.key, item.before.unit, signal);
}

/** Marks a unit that was never known to be live: there is no state before it. */
interface Announced extends Footprint {
  readonly announced: true;
}

function isAnnounced(rendered: Footprint | undefined): boolean {
  return (rendered as Announced | undefined)?.announced === true;
}

async function announce(deps: ApplyDeps, items: readonly Item[]): Promise<void> {
  await deps.storage.change(async (change) => {
    await distrustUnits(change.db, items);
    const fresh = items.filter(
      (item) => item.unit !== null && (item.before === undefined || isAnnounced(item.before.rendered)),
    );
    const announced: Announced = { ...footprint({}), announced: true };
    if (fresh.length > 0)
      await putUnits(
        change.db,
        fresh.map((item) => ({ ...item, hash: "", rendered: announced })),
      );
  });
}
