import type { ProviderError, UnitChange } from "@patchbay/sdk";
import { within } from "../host/within.ts";
import type { ExecutingPort } from "../slots/provider-port.ts";
import type { SlotEntry } from "../slots/slot-table.ts";
import { toPages } from "./all-keys.ts";
import type { ApplyDeps, Sink } from "./apply-batch.ts";
import type { Place } from "./deployment.ts";
import { kindOf, toFailure } from "./failure.ts";
import { type Footprint, footprint, type Item } from "./item.ts";
import { writeItems } from "./ledger-write.ts";
import type { UnitFailure } from "./types.ts";

/** How long one call of a provider may take: a minute, and some more for each unit. Milliseconds. */
const deadlineMs = 60_000;
const deadlinePerUnitMs = 1000;

export interface ExecuteInput {
  readonly entry: SlotEntry;
  readonly place: Place;
  readonly items: readonly Item[];
  readonly sink: Sink;
  fail(failure: UnitFailure): void;
}

/**
 * Has an executing provider carry out what differs, a page in one call. Before that the ledger loses its word for these
 * units: a call that fails, or is cut short by a crash, has done nobody knows what, so that taking the change back must
 * call again even though the desired unit then equals the one applied last.
 */
export async function executeItems(deps: ApplyDeps, input: ExecuteInput): Promise<void> {
  const pages = toPages(input.items);
  if (pages.length < 2) return executePages(deps, input, pages);
  // A unit may need one that a later page holds (a name server its address): all get another chance when all pages are done.
  const refused = new Set<string>();
  await executePages(deps, { ...input, fail: ({ key }) => void refused.add(key) }, pages);
  await executePages(deps, input, toPages(input.items.filter(({ key }) => refused.has(key))));
}

async function executePages(deps: ApplyDeps, input: ExecuteInput, pages: readonly (readonly Item[])[]): Promise<void> {
  for (const items of pages) await executePage(deps, { ...input, items });
}

async function executePage(deps: ApplyDeps, input: ExecuteInput): Promise<void> {
  const { place, items, sink } = input;
  const live = items.filter(isKept);
  const changed = items.filter((item) => !isKept(item));
  if (changed.length > 0) {
    await announce(deps, place, changed);
    deps.crashPoint("reconcile:announced");
    const done = await execute(deps, input, changed);
    deps.crashPoint("reconcile:executed");
    sink.executed(done);
    live.push(...done);
  }
  if (live.length === 0) return;
  sink.live(live);
  await deps.storage.change(async (change) => {
    await writeItems(change.read, live);
    await sink.settle(change);
  });
  deps.crashPoint("reconcile:ledger");
}

/** True when only the reason why the unit is here has changed: there is nothing to tell the provider. */
function isKept(item: Item): boolean {
  return item.unit !== null && item.before?.hash === item.hash;
}

/** Returns those that are done; the others have failed. */
async function execute(
  { logger }: ApplyDeps,
  { entry, fail, place }: ExecuteInput,
  items: readonly Item[],
): Promise<readonly Item[]> {
  const provider = place.candidate.provider() as ExecutingPort;
  let failures: ReadonlyMap<string, ProviderError> | undefined;
  let broken: unknown;
  try {
    const longestMs = deadlineMs + items.length * deadlinePerUnitMs;
    failures = await within(longestMs, undefined, (signal) => provider.execute(items.map(toChange), signal));
  } catch (error) {
    broken = error;
  }
  return items.filter((item) => {
    const error = failures ? failures.get(item.key) : broken;
    if (failures && error === undefined) return true;
    logger.warn("a unit was not applied", { slot: item.slot, key: item.key, plugin: item.plugin, error });
    fail(toFailure(item, kindOf(error), entry.slot.title));
    return false;
  });
}

function toChange(item: Item): UnitChange {
  const isKnown = item.unit === null || !isAnnounced(item.before?.rendered);
  return { key: item.key, unit: item.unit, previous: isKnown ? item.before?.unit : undefined };
}

/** Marks a unit that was never known to be live: there is no state before it. */
interface Announced extends Footprint {
  readonly announced: true;
}

function isAnnounced(rendered: Footprint | undefined): boolean {
  return (rendered as Announced | undefined)?.announced === true;
}

/**
 * One statement, because a caller waits for it: what was there before is kept, for a provider that is told what changes. It is
 * enough that nothing which is committed later outlives it: until then the marks are there, and bring the units here again.
 */
async function announce(deps: ApplyDeps, { candidate }: Place, items: readonly Item[]): Promise<void> {
  const announced: Announced = { ...footprint({}), announced: true };
  const rows = items.flatMap(({ before, key, role, slot, unit }) => {
    const kept = unit ?? before?.unit;
    return kept === undefined ? [] : [{ slot, key, role, unit: JSON.stringify(kept) }];
  });
  await deps.storage.statement(
    `insert into ledger_units (slot, unit_key, plugin, role, unit, hash, rendered)
     select json_extract(value, '$.slot'), json_extract(value, '$.key'), ?, json_extract(value, '$.role'),
       json_extract(value, '$.unit'), '', ? from json_each(?) where true
     on conflict do update set hash = '', unit = case
       when json_extract(ledger_units.rendered, '$.announced') then excluded.unit else ledger_units.unit end`,
    [candidate.plugin, JSON.stringify(announced), JSON.stringify(rows)],
  );
}
