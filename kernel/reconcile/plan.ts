import type { Logger, Read } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import type { SlotEntry, SlotTable } from "../slots/slot-table.ts";
import type { Mark } from "../storage/types.ts";
import { allKeys, pageSize } from "./all-keys.ts";
import { isEmpty, leavingServices } from "./apply-batch.ts";
import { type ConfigHooks, withoutDenied } from "./config-hooks.ts";
import type { Place } from "./deployment.ts";
import { unifiedDiff } from "./diff.ts";
import { massRemovals, observeWorld, type World } from "./full-run.ts";
import { unsafePlan } from "./guard.ts";
import { baseKey, fileId, type Item, isUnitChanged, ownerId } from "./item.ts";
import { Ledger } from "./ledger.ts";
import type { Merge, MergeOptions } from "./merge.ts";
import { unused } from "./retire.ts";
import { concealed } from "./secrets.ts";
import { composeSlot, type HandOver, type SlotWork } from "./slot-work.ts";
import { planItems } from "./snapshot.ts";
import { toServiceStep, toSteps, toUnitStep } from "./steps.ts";
import type { PlanStep } from "./types.ts";

export interface PlanDeps {
  readonly host: Host;
  readonly logger: Logger;
  readonly table: SlotTable;
  /** Left out, nobody is asked about configuration. */
  readonly config?: ConfigHooks;
  standing(slot: string): string | undefined;
}

/** Beyond this many files of a provider a plan names the others without a diff. */
const mostDiffs = 200;

/** What applying marks, or everything, would do. Reads through `read` alone and changes nothing. */
export async function planMarks(
  deps: PlanDeps,
  read: Read,
  marks: readonly Mark[] | "all",
): Promise<{ steps: PlanStep[]; warnings: string[] }> {
  const plan: Plan = { deps, read, ledger: new Ledger(read), world: undefined, steps: [], warnings: [] };
  if (marks === "all") plan.world = await observeWorld(deps.host, plan.ledger, deps);
  for (const { file } of plan.world?.changed ?? [])
    plan.warnings.push(`${file.path} was changed by hand; see reconcile/drift`);
  for (const entry of deps.table.order) {
    const marked =
      marks === "all" ? undefined : marks.filter((mark) => mark.slot === entry.slot.id).map((mark) => mark.key);
    if (marked?.length === 0) continue;
    await planSlot(plan, entry, marked);
  }
  if (marks !== "all") {
    const unknown = marks.filter((mark) => !deps.table.get(mark.slot)).map((mark) => mark.slot);
    for (const slot of new Set(unknown)) plan.warnings.push(`${slot}: no enabled plugin declares this slot`);
  }
  return { steps: plan.steps, warnings: plan.warnings };
}

interface Plan {
  readonly deps: PlanDeps;
  readonly read: Read;
  readonly ledger: Ledger;
  /** Undefined while planning single marks, which leave the rest of the world alone. */
  world: World | undefined;
  readonly steps: PlanStep[];
  readonly warnings: string[];
}

/** What one provider gets to do. */
interface Part {
  readonly place: Place;
  items: readonly Item[];
  handOver: HandOver | undefined;
}

async function planSlot(plan: Plan, entry: SlotEntry, marked: readonly string[] | undefined): Promise<void> {
  const slot = entry.slot.id;
  const all = marked === undefined ? await allKeys(entry, plan.read, plan.ledger) : undefined;
  if (all) {
    const mass = await massRemovals(plan.ledger, new Map([[slot, all]]));
    if (mass.length > 0) plan.warnings.push(unsafePlan(mass).message);
  }
  const keys = all?.keys ?? marked ?? [];
  const observed = new Map(plan.world?.observed);
  const parts = new Map<string, Part>();
  const leaving = new Set<string>();
  let work: SlotWork | undefined;
  for (let from = 0; from === 0 || from < keys.length; from += pageSize) {
    work = await composeSlot(
      composing(plan, { forced: all !== undefined, observed }),
      entry,
      keys.slice(from, from + pageSize),
    );
    work = await withoutDenied(work, { config: plan.deps.config, spares: () => false });
    warn(plan, work);
    for (const item of itemsOf(work)) if (item.unit === null) leaving.add(ownerId(item.plugin, item));
    await collect(plan, parts, { work, options: { leaving, observed, refresh: false, orphans: [] } });
    // Who arrives gets everything at once.
    if (work.deployment.arriving) break;
  }
  for (const part of [...parts.values()].map((part) => restrict(part, marked))) {
    const refresh = part.handOver !== undefined || plan.world?.refresh.has(part.place.candidate.plugin) === true;
    await planPart(plan, slot, { part, options: { leaving, observed, refresh, orphans: [] } });
  }
  if (all && work) await planRetirements(plan, slot, work);
}

function composing(plan: Plan, how: { forced: boolean; observed: Map<string, string | null> }) {
  const { deps, ledger, read } = plan;
  const standing = (slot: string) => deps.standing(slot);
  return { read, ledger, host: deps.host, logger: deps.logger, standing, spares: async () => false, ...how };
}

function warn(plan: Plan, work: SlotWork): void {
  for (const failure of work.failures) {
    const parts = failure.issues.map((issue) => `${issue.field}: ${issue.message}`);
    plan.warnings.push([`${failure.slot} ${failure.key}: ${failure.message}`, ...parts].join("; "));
  }
}

function itemsOf(work: SlotWork): readonly Item[] {
  return [...work.portions, ...work.later].flatMap((portion) => portion.items);
}

/** Keeps of a page what something would happen to, so that a plan of everything fits into memory. */
async function collect(
  plan: Plan,
  parts: Map<string, Part>,
  { work, options }: { work: SlotWork; options: MergeOptions },
): Promise<void> {
  for (const { place, items, handOver } of [...work.portions, ...work.later]) {
    const { plugin } = place.candidate;
    const isCalled = (item: Item) => place.candidate.provider().kind === "execute" && item.key !== baseKey;
    const rendered = items.filter((item) => !isCalled(item));
    const merged = new Set((await planItems(plan.ledger, rendered, options)).effective);
    const wanted = items.filter((item) => {
      return item.key === baseKey || (isCalled(item) ? isUnitChanged(item) : merged.has(item));
    });
    const part = parts.get(plugin) ?? { place, items: [], handOver: undefined };
    const bases = part.items.some((item) => item.key === baseKey);
    part.items = [...part.items, ...wanted.filter((item) => !bases || item.key !== baseKey)];
    part.handOver ??= handOver;
    parts.set(plugin, part);
  }
}

/** Single marks are shown for themselves: not the provider's base, nor units of others that would come along. */
function restrict(part: Part, marked: readonly string[] | undefined): Part {
  if (marked === undefined || marked.includes(baseKey)) return part;
  return { ...part, items: part.items.filter((item) => marked.includes(item.key)), handOver: undefined };
}

async function planPart(plan: Plan, slot: string, work: { part: Part; options: MergeOptions }): Promise<void> {
  const { part, options } = work;
  const isCalled = (item: Item) => part.place.candidate.provider().kind === "execute" && item.key !== baseKey;
  const planned = await planItems(
    plan.ledger,
    part.items.filter((item) => !isCalled(item)),
    options,
  );
  const leaving = await leavingServices(plan.ledger, slot, part.handOver);
  const merge = { ...planned, stop: [...planned.stop, ...leaving] };
  for (const item of merge.clashes) plan.warnings.push(`${item.slot} ${item.key}: claims what belongs to another unit`);
  if (!isEmpty(merge)) plan.steps.push(...toSteps(slot, merge, await diffs(plan, merge)));
  plan.steps.push(...part.items.filter(isCalled).map(toUnitStep));
}

async function planRetirements(plan: Plan, slot: string, { deployment }: SlotWork): Promise<void> {
  for (const { candidate } of unused(deployment)) {
    const services = await plan.ledger.ownServices(slot, candidate.plugin);
    plan.steps.push(...services.map((service) => toServiceStep(slot, "stop", service)));
  }
}

async function diffs(plan: Plan, merge: Merge): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { record, content } of merge.files.slice(0, mostDiffs)) {
    const { plugin, path } = record;
    try {
      if (record.secret) found.set(fileId(plugin, path), concealed(path));
      else {
        const { content: from } = await plan.deps.host.helper.call("tree.read", { plugin, path });
        // Lines of a shared file belong to different owners: show none but those that change.
        const shared = record.slot === "" && record.key === baseKey;
        found.set(fileId(plugin, path), unifiedDiff(path, { from, to: content }, shared ? 0 : 3));
      }
    } catch (error) {
      plan.deps.logger.warn("a file could not be read for a plan", { plugin, path, error });
    }
  }
  return found;
}
