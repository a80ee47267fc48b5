import type { Logger, Read, Rendered, Unit } from "@patchbay/sdk";
import * as v from "valibot";
import { type BoundProvider, isBound, type SlotEntry, type Unserved } from "../slots/slot-table.ts";
import { kindOf, toFailure } from "./failure.ts";
import { baseKey, hashOf, type Item, type LedgerUnit } from "./item.ts";
import type { Ledger } from "./ledger.ts";
import type { UnitFailure } from "./types.ts";

/** What a batch of keys of one slot comes to before anything is written. */
export interface Prepared {
  readonly upserts: readonly Item[];
  readonly removals: readonly Item[];
  /** Keys that are as they should be. */
  readonly same: readonly string[];
  readonly failures: readonly UnitFailure[];
}

export interface PrepareOptions {
  readonly read: Read;
  readonly ledger: Ledger;
  readonly logger: Logger;
  /** Render also what has not changed. */
  readonly forced: boolean;
}

/** Loads the desired units, compares them with the ledger, and audits and renders those that differ. No effects. */
export async function prepareUnits(
  entry: SlotEntry,
  keys: readonly string[],
  options: PrepareOptions,
): Promise<Prepared> {
  const bound = entry.bound();
  const { slot } = entry;
  const before = await options.ledger.units(slot.id, keys);
  const work: Work = { entry, bound, before, options, upserts: [], removals: [], same: [], failures: [] };
  let desired: ReadonlyMap<string, Unit>;
  try {
    desired = await slot.load(options.read, keys);
  } catch (error) {
    options.logger.error("units could not be loaded", { slot: slot.id, error });
    return { ...work, failures: keys.map((key) => toFailure({ slot: slot.id, key }, kindOf(error), slot.title)) };
  }
  for (const key of keys) if (key !== baseKey) prepareUnit(key, desired.get(key), work);
  return work;
}

/** The base of a provider as an item; undefined when it is live as it should be, or when the slot is not configured by files. */
export async function prepareBase(entry: SlotEntry, ledger: Ledger, forced: boolean): Promise<Item | undefined> {
  const bound = entry.bound();
  if (!isBound(bound) || bound.provider.kind !== "render") return undefined;
  const slot = entry.slot.id;
  const rendered = bound.provider.base();
  const before = (await ledger.units(slot, [baseKey])).get(baseKey);
  const hash = hashOf(rendered);
  if (!forced && before?.hash === hash && before.plugin === bound.plugin) return undefined;
  return { slot, key: baseKey, plugin: bound.plugin, unit: {}, hash, rendered, before };
}

interface Work {
  readonly entry: SlotEntry;
  readonly bound: BoundProvider | Unserved;
  readonly before: ReadonlyMap<string, LedgerUnit>;
  readonly options: PrepareOptions;
  readonly upserts: Item[];
  readonly removals: Item[];
  readonly same: string[];
  readonly failures: UnitFailure[];
}

function prepareUnit(key: string, desired: Unit | undefined, work: Work): void {
  const { bound, options } = work;
  const slot = work.entry.slot.id;
  const before = work.before.get(key);
  const fail = (kind: UnitFailure["kind"], issues: UnitFailure["issues"] = []) =>
    work.failures.push(toFailure({ slot, key }, kind, work.entry.slot.title, issues));
  if (desired === undefined && before === undefined) return void work.same.push(key);
  if (!isBound(bound)) {
    options.logger.warn("nothing serves a slot", { slot, reason: bound.reason });
    return void fail("unavailable");
  }
  if (before && !canTakeOver(work.entry, bound, before.plugin)) return void fail("unsupported");
  if (desired === undefined) {
    if (before) work.removals.push({ slot, key, plugin: before.plugin, unit: null, hash: "", rendered: {}, before });
    return;
  }
  try {
    const parsed = v.safeParse(work.entry.slot.unit, desired);
    if (!parsed.success) {
      options.logger.error("a unit does not fit its own schema", { slot, key });
      return void fail("terminal");
    }
    const unit = parsed.output;
    const hash = hashOf(unit);
    // Calls cost something even when they change nothing, and there is no rendering that could have become another.
    const forced = options.forced && bound.provider.kind === "render";
    if (!forced && before?.hash === hash && before.plugin === bound.plugin) return void work.same.push(key);
    const issues = bound.provider.audit(unit);
    if (issues.length > 0) return void fail("unsupported", issues);
    const rendered: Rendered = bound.provider.kind === "render" ? bound.provider.render(key, unit) : {};
    work.upserts.push({ slot, key, plugin: bound.plugin, unit, hash, rendered, before });
  } catch (error) {
    options.logger.error("a unit could not be rendered", { slot, key, plugin: bound.plugin, error });
    fail(kindOf(error));
  }
}

/** Files can be taken over from another provider of files; what was done by calls only its own provider can undo. */
function canTakeOver(entry: SlotEntry, bound: BoundProvider, plugin: string): boolean {
  if (plugin === bound.plugin) return true;
  const former = entry.candidates.find((candidate) => candidate.plugin === plugin);
  return former !== undefined && bound.provider.kind === "render" && former.provider().kind === "render";
}
