import type { Logger, Read } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import { type BoundProvider, isBound, type SlotEntry, type SlotTable } from "../slots/slot-table.ts";
import type { Mark } from "../storage/types.ts";
import { allKeys, pageSize } from "./all-keys.ts";
import { isEmpty } from "./apply-batch.ts";
import { unifiedDiff } from "./diff.ts";
import { massRemovals, observeWorld, type World } from "./full-run.ts";
import { unsafePlan } from "./guard.ts";
import { baseKey, generationKey, type Item, isUnitChanged } from "./item.ts";
import { Ledger } from "./ledger.ts";
import type { Merge, MergeOptions } from "./merge.ts";
import { prepareBase, prepareUnits } from "./prepare.ts";
import { planItems } from "./snapshot.ts";
import { toSteps, toUnitStep } from "./steps.ts";
import type { PlanStep } from "./types.ts";

export interface PlanDeps {
  readonly host: Host;
  readonly logger: Logger;
  readonly table: SlotTable;
}

/** Beyond this many files of a slot a plan names the others without a diff. */
const mostDiffs = 200;

/** What applying marks, or everything, would do. Reads through `read` alone and changes nothing. */
export async function planMarks(
  deps: PlanDeps,
  read: Read,
  marks: readonly Mark[] | "all",
): Promise<{ steps: PlanStep[]; warnings: string[] }> {
  const plan: Plan = { deps, read, ledger: new Ledger(read), world: undefined, steps: [], warnings: [] };
  if (marks === "all") plan.world = await observeWorld(deps.host, plan.ledger, deps.table);
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

async function planSlot(plan: Plan, entry: SlotEntry, marked: readonly string[] | undefined): Promise<void> {
  const bound = entry.bound();
  const base = await prepareBase(entry, plan.ledger, marked === undefined);
  const switching = base?.before !== undefined && base.before.plugin !== base.plugin;
  const all = marked === undefined || switching ? await allKeys(entry, plan.read, plan.ledger) : undefined;
  if (marked === undefined && all) {
    const mass = await massRemovals(plan.ledger, new Map([[entry.slot.id, all]]));
    if (mass.length > 0) plan.warnings.push(unsafePlan(mass).message);
  }
  const keys = all?.keys ?? marked ?? [];
  if (!isBound(bound) && keys.length === 0) return;
  const former = switching ? await plan.ledger.ownedFiles(entry.slot.id, generationKey) : [];
  const options: MergeOptions = {
    leaving: new Set((all?.leaving ?? []).map((key) => `${entry.slot.id}\n${key}`)),
    observed: plan.world?.observed ?? new Map(),
    refresh: isBound(bound) && plan.world?.refresh.has(bound.plugin) === true,
    orphans: former.filter((file) => isBound(bound) && file.plugin !== bound.plugin),
  };
  const items = base ? [base] : [];
  for (let from = 0; from < keys.length; from += pageSize) {
    items.push(
      ...(await planPage(plan, entry, { keys: keys.slice(from, from + pageSize), options, forced: all !== undefined })),
    );
  }
  if (isBound(bound) && bound.provider.kind === "render") await planFiles(plan, entry, { bound, items, options });
  else plan.steps.push(...items.map(toUnitStep));
}

/** The units of a page that something would happen to. */
async function planPage(
  plan: Plan,
  entry: SlotEntry,
  page: { keys: readonly string[]; options: MergeOptions; forced: boolean },
): Promise<readonly Item[]> {
  const { read, ledger, deps } = plan;
  const prepared = await prepareUnits(entry, page.keys, { read, ledger, logger: deps.logger, forced: page.forced });
  for (const failure of prepared.failures) {
    const parts = failure.issues.map((issue) => `${issue.field}: ${issue.message}`);
    plan.warnings.push([`${failure.slot} ${failure.key}: ${failure.message}`, ...parts].join("; "));
  }
  const items = [...prepared.upserts, ...prepared.removals];
  const bound = entry.bound();
  if (!isBound(bound) || bound.provider.kind !== "render") return items.filter(isUnitChanged);
  return (await planItems(ledger, items, page.options)).effective;
}

async function planFiles(
  plan: Plan,
  entry: SlotEntry,
  work: { bound: BoundProvider; items: readonly Item[]; options: MergeOptions },
): Promise<void> {
  const merge = await planItems(plan.ledger, work.items, work.options);
  for (const item of merge.clashes) plan.warnings.push(`${item.slot} ${item.key}: claims what belongs to another unit`);
  if (isEmpty(merge)) return;
  plan.steps.push(...toSteps(entry.slot.id, merge, await diffs(plan, merge)));
}

async function diffs(plan: Plan, merge: Merge): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { record, content } of merge.files.slice(0, mostDiffs)) {
    const { plugin, path } = record;
    try {
      const { content: from } = await plan.deps.host.helper.call("tree.read", { plugin, path });
      // Lines of a shared file belong to different owners: show none but those that change.
      const shared = record.slot === "" && record.key === baseKey;
      found.set(path, unifiedDiff(path, { from, to: content }, shared ? 0 : 3));
    } catch (error) {
      plan.deps.logger.warn("a file could not be read for a plan", { plugin, path, error });
    }
  }
  return found;
}
