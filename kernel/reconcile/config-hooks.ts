import { configApplied, configRendered, isPanelError, type RenderedConfig } from "@patchbay/sdk";
import type { HookTable } from "../hooks/hook-table.ts";
import type { Outbox } from "../jobs/outbox.ts";
import type { SlotEntry } from "../slots/slot-table.ts";
import type { Change } from "../storage/types.ts";
import { toFailure } from "./failure.ts";
import { baseKey, type Item, markId } from "./item.ts";
import { type FileChange, isGenerationFile, type Merge } from "./merge.ts";
import type { Portion, SlotWork } from "./slot-work.ts";
import type { UnitFailure } from "./types.ts";

/** The hooks of rendered configuration, of the generation that is active when they are asked. */
export type ConfigHooks = Pick<HookTable, "has" | "veto"> & Pick<Outbox, "emit">;

/** So many names at most are told to plugins at once. */
const mostNamed = 200;

/** Asks about every unit of a slot's work; those that are denied fail, at whichever providers they are. */
export async function withoutDenied(
  work: SlotWork,
  { config, spares }: { readonly config: ConfigHooks | undefined; spares(item: Item): boolean },
): Promise<SlotWork> {
  const asked = work.portions.flatMap(({ items, place }) =>
    place.candidate.provider().kind === "render" ? items.filter((item) => !spares(item)) : [],
  );
  const denials = await denialsOf(config, work.deployment.entry, asked);
  if (denials.length === 0) return work;
  const denied = new Set(denials.map(markId));
  const keep = (portion: Portion): Portion => {
    return { ...portion, items: portion.items.filter((item) => !denied.has(markId(item))) };
  };
  return {
    ...work,
    portions: work.portions.map(keep),
    later: work.later.map(keep),
    failures: [...work.failures, ...denials],
  };
}

/** The failures of those rendered items that a tap refuses, one for each unit. */
export async function denialsOf(
  config: ConfigHooks | undefined,
  { slot }: SlotEntry,
  items: readonly Item[],
): Promise<readonly UnitFailure[]> {
  if (!config?.has(configRendered.id)) return [];
  const failures = new Map<string, UnitFailure>();
  for (const item of items) {
    if (item.unit === null || item.key === baseKey || failures.has(markId(item))) continue;
    try {
      await config.veto(configRendered, toConfig(item));
    } catch (error) {
      if (!isPanelError(error)) throw error;
      // A tap that failed has not said no: the same change may be asked for again.
      const isDenial = error.code !== "HOOK_FAILED";
      const issues = isDenial ? [{ field: configRendered.id, message: `${error.code}: ${error.publicMessage}` }] : [];
      failures.set(markId(item), toFailure(item, isDenial ? "invalid" : "unavailable", slot.title, issues));
    }
  }
  return [...failures.values()];
}

function toConfig({ before, key, plugin, rendered, slot }: Item): RenderedConfig {
  return {
    slot,
    unit: key,
    plugin,
    exists: before !== undefined,
    files: (rendered.files ?? []).map(({ path, content, secret }) => ({
      path,
      content: secret === true ? null : content,
    })),
    lines: (rendered.lines ?? []).map(({ file, line }) => ({ file, line })),
  };
}

/** Tells, in the transaction that writes the ledger, which files are in place now. */
export async function announceApplied(
  config: ConfigHooks | undefined,
  change: Change,
  { files, merge, plugin, slot }: { slot: string; plugin: string; merge: Merge; files: readonly FileChange[] },
): Promise<void> {
  // Files that only prove a reload are nobody's configuration.
  const told = files.filter(({ record }) => !isGenerationFile(record));
  if (!config?.has(configApplied.id) || told.length === 0) return;
  const units = merge.effective.filter(({ key }) => key !== baseKey);
  await config.emit(change.db, configApplied, {
    slot,
    plugin,
    units: units.slice(0, mostNamed).map(({ key }) => key),
    unitCount: units.length,
    files: told.slice(0, mostNamed).map(({ content, record }) => {
      return { path: record.path, action: content === null ? ("remove" as const) : ("write" as const) };
    }),
    fileCount: told.length,
    services: merge.reload.map(({ instance, service }) =>
      instance === undefined ? service : `${service}@${instance}`,
    ),
  });
}
