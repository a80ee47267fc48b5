import type { Logger, Read } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import type { SlotEntry } from "../slots/slot-table.ts";
import { allKeys, pageSize, toPages } from "./all-keys.ts";
import { type Deployment, deploy, isPlace, type Place } from "./deployment.ts";
import { markedKeys } from "./dirty.ts";
import { kindOf, toFailure } from "./failure.ts";
import { baseKey, type Item } from "./item.ts";
import type { Ledger } from "./ledger.ts";
import { type Page, type Prepared, prepareBase, prepareUnits, type Rows, readPage } from "./prepare.ts";
import { observeSleeping } from "./sleeping.ts";
import type { UnitFailure } from "./types.ts";

/** What composing the work of a slot needs. Nothing is changed by it. */
export interface Composing {
  readonly read: Read;
  readonly host: Host;
  readonly ledger: Ledger;
  readonly logger: Logger;
  /** Render also what has not changed. */
  readonly forced: boolean;
  /** Files to write over. What another hand did to a provider that sleeps is added. */
  readonly observed: Map<string, string | null>;
  /** Id of the candidate of a slot that is being looked at before a switch. */
  standing(slot: string): string | undefined;
  /** True for a base that is to be left as it is for now. */
  spares(base: Item): Promise<boolean>;
}

/** How the front passes from one provider to another, as one whole. */
export interface HandOver {
  /** Who had it. */
  readonly from: Place;
  /** True: units stay with it, so that it goes on at the side. */
  readonly stays: boolean;
}

/** Items of one provider that are applied together. */
export interface Portion {
  readonly place: Place;
  readonly items: readonly Item[];
  readonly handOver: HandOver | undefined;
}

/** What bringing some keys of a slot to their desired state comes to. */
export interface SlotWork {
  readonly deployment: Deployment;
  /** In this order: who serves at the side, the front, who has something left that goes. */
  readonly portions: readonly Portion[];
  /** Removals that wait for those of the slots that come after. */
  readonly later: readonly Portion[];
  readonly same: readonly string[];
  readonly failures: readonly UnitFailure[];
  /** When the front is handed over: all of it works, or nothing is changed. */
  readonly handOver: HandOver | undefined;
}

/** Works out who has to do what for these keys; for all keys when another provider was chosen than served until now. */
export async function composeSlot(context: Composing, entry: SlotEntry, marked: readonly string[]): Promise<SlotWork> {
  const slot = entry.slot.id;
  // Most often these are all there is to look at, and they are here when it is known who serves.
  const ahead = readPage(context, entry, marked.slice(0, pageSize));
  const deployment = await deploy(entry, context.ledger, context.standing(slot));
  const { arriving } = deployment;
  const pages = arriving
    ? pagesOf(context, entry, await keysToMove(context, deployment, marked))
    : pagesOf(context, entry, marked, ahead);
  const { prepared, baseRows } = await prepareAll(context, deployment, pages);
  const handOver = handOverOf(deployment, prepared);
  const bases = await composeBases(context, deployment, { rows: baseRows, prepared, handOver });
  const waits = entry.awaited && !handOver;
  const { now, removals } = toPortions(deployment, { prepared, bases, handOver, waits });
  for (const portion of [...now, ...removals]) await observeSleeping(context, slot, portion);
  return {
    deployment,
    portions: entry.awaited ? now : [...now, ...removals],
    later: entry.awaited ? removals : [],
    same: prepared.same,
    failures: prepared.failures,
    handOver,
  };
}

/**
 * Everything goes along with who arrives, except for units that a change has marked after this pass began: what they build
 * upon is not there yet, and the next pass brings them. One that is served already is not left behind for that.
 */
async function keysToMove(
  { ledger, read }: Composing,
  { arriving, entry }: Deployment,
  marked: readonly string[],
): Promise<readonly string[]> {
  const all = await allKeys(entry, read, ledger);
  // A marked one may neither be wanted nor be there any more: that too has to be said.
  const keys = [...new Set([...all.keys, ...marked])].sort();
  const pending = new Set(await markedKeys(read, entry.slot.id));
  for (const key of marked) pending.delete(key);
  if (pending.size === 0) return keys;
  const held = await ledger.units(entry.slot.id, [...pending]);
  const isServedAlready = (key: string) => {
    const plugins = (held.get(key) ?? []).map(({ plugin }) => plugin);
    return plugins.length > 0 && !plugins.includes(arriving?.candidate.plugin ?? "");
  };
  return keys.filter((key) => !pending.has(key) || isServedAlready(key));
}

interface Composed {
  readonly prepared: Prepared;
  readonly bases: ReadonlyMap<Place, Item>;
  readonly handOver: HandOver | undefined;
  /** True when removals wait for another slot. */
  readonly waits: boolean;
}

function toPortions(
  deployment: Deployment,
  { bases, handOver, prepared, waits }: Composed,
): { now: readonly Portion[]; removals: readonly Portion[] } {
  const { chosen, places } = deployment;
  const isOther = (place: Place) => place !== chosen;
  const baseOf = (place: Place | undefined) => (place && bases.get(place) ? [bases.get(place) as Item] : []);
  const now = places.filter(isOther).map((place): Portion => {
    // The base of who leaves the front changes with the front, not before.
    const base = place === handOver?.from ? [] : baseOf(place);
    return { place, items: [...base, ...(prepared.upserts.get(place) ?? [])], handOver: undefined };
  });
  if (isPlace(chosen)) {
    const removals = waits ? [] : (prepared.removals.get(chosen) ?? []);
    const upserts = prepared.upserts.get(chosen) ?? [];
    now.push({
      place: chosen,
      items: [...baseOf(chosen), ...baseOf(handOver?.from), ...upserts, ...removals],
      handOver,
    });
  }
  const removals = places
    .filter((place) => waits || isOther(place))
    .map((place): Portion => ({ place, items: prepared.removals.get(place) ?? [], handOver: undefined }));
  const isWork = ({ items }: Portion) => items.length > 0;
  return { now: now.filter(isWork), removals: removals.filter(isWork) };
}

/** One at least, because of the base; page by page, so that a statement stays small however many keys there are. */
function* pagesOf(
  context: Composing,
  entry: SlotEntry,
  keys: readonly string[],
  first = readPage(context, entry, keys.slice(0, pageSize)),
): Generator<Page> {
  yield first;
  for (const page of toPages(keys).slice(1)) yield readPage(context, entry, page);
}

async function prepareAll(
  context: Composing,
  deployment: Deployment,
  pages: Iterable<Page>,
): Promise<{ prepared: Prepared; baseRows: Rows }> {
  const { arriving } = deployment;
  const isForced = (place: Place) => context.forced || place === arriving;
  const options = { logger: context.logger, isForced };
  const all: Prepared = { upserts: new Map(), removals: new Map(), assigned: new Set(), same: [], failures: [] };
  let baseRows: Rows | undefined;
  for (const page of pages) {
    join(all, await prepareUnits(deployment, page, options));
    baseRows ??= await page.rows;
  }
  return { prepared: all, baseRows: baseRows ?? new Map() };
}

function join(all: Prepared, page: Prepared): void {
  for (const part of ["upserts", "removals"] as const) {
    for (const [place, items] of page[part]) all[part].set(place, [...(all[part].get(place) ?? []), ...items]);
  }
  for (const place of page.assigned) all.assigned.add(place);
  all.same.push(...page.same);
  all.failures.push(...page.failures);
}

function handOverOf(deployment: Deployment, { assigned }: Prepared): HandOver | undefined {
  const { arriving, front = "", many } = deployment;
  const from = deployment.of(front);
  if (!arriving || many || !from || from.candidate.provider().kind !== "render") return undefined;
  return { from, stays: assigned.has(from) };
}

/** The bases that have to be applied. One that cannot be rendered fails, with the units that were to come to it. */
async function composeBases(
  context: Composing,
  deployment: Deployment,
  work: { rows: Rows; prepared: Prepared; handOver: HandOver | undefined },
): Promise<Map<Place, Item>> {
  const { entry } = deployment;
  const { handOver, prepared, rows } = work;
  const bases = new Map<Place, Item>();
  for (const place of deployment.places.filter((one) => needsBase(deployment, one, work))) {
    const forced = context.forced || place === handOver?.from || place === deployment.arriving;
    try {
      const base = await prepareBase(deployment, place, { rows, forced });
      if (base && (forced || !place.awake || !(await context.spares(base)))) bases.set(place, base);
    } catch (error) {
      const { plugin } = place.candidate;
      context.logger.error("the base of a slot could not be rendered", { slot: entry.slot.id, plugin, error });
      const lost = [{ slot: entry.slot.id, key: baseKey }, ...(prepared.upserts.get(place) ?? [])];
      prepared.failures.push(...lost.map((mark) => toFailure(mark, kindOf(error), entry.slot.title)));
      prepared.upserts.delete(place);
    }
  }
  return bases;
}

function needsBase(
  { chosen, front, isUnserved, many }: Deployment,
  place: Place,
  { handOver, prepared }: { handOver: HandOver | undefined; prepared: Prepared },
): boolean {
  // While nobody can be told to serve, who has the front keeps it as it is.
  if (isUnserved) return false;
  if (place === handOver?.from) return handOver.stays;
  const isLeaving = !many && place !== chosen && place.candidate.plugin === front;
  return !isLeaving && (place.used || prepared.upserts.has(place));
}
