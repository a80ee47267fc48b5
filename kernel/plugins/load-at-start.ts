import type { Logger } from "@patchbay/sdk";
import { inParallel } from "../reconcile/parallel.ts";
import type { Storage } from "../storage/types.ts";
import type { Inventory } from "./inventory.ts";
import type { LoadedPlugin } from "./load.ts";
import type { FoundPlugin } from "./manifest.ts";
import type { PluginRecords } from "./records.ts";
import { arrange } from "./requirements.ts";
import { isolationOf, type Shelf } from "./shelf.ts";
import type { KnownPlugin } from "./types.ts";

export interface LoadParts {
  readonly storage: Pick<Storage, "change">;
  readonly logger: Logger;
  readonly shelf: Shelf;
  readonly records: PluginRecords;
}

/** Processes that are started at once. */
const startedAtOnce = 4;

/** Loads what is wanted and can be. Why others are not is noted; what could not be started, or took the panel with it, is quarantined. */
export async function loadAtStart(parts: LoadParts, inventory: Inventory): Promise<readonly LoadedPlugin[]> {
  const wreckers = await quarantineWreckers(parts, inventory);
  const ready = inventory.all.filter((plugin) => inventory.isReady(plugin) && !wreckers.has(plugin.id));
  const found = ready.flatMap((plugin) => plugin.found ?? []);
  const { sorted, problems } = arrange(found, (id) => inventory.absent(id));
  for (const [id, why] of problems) inventory.note(id, why);
  const loaded = new Map<string, LoadedPlugin>();
  const loadOne = async (one: FoundPlugin) => {
    const plugin = await load(parts, inventory, one);
    if (plugin) loaded.set(one.manifest.id, plugin);
  };
  const runsApart = (one: FoundPlugin) => isolationOf(one, sourceOf(inventory, one)) === "process";
  await Promise.all([
    inParallel(sorted.filter(runsApart), startedAtOnce, loadOne),
    Promise.all(sorted.filter((one) => !runsApart(one)).map(loadOne)),
  ]);
  return sorted.flatMap(({ manifest }) => loaded.get(manifest.id) ?? []);
}

/** What was being taken into the panel's own process when the panel died took it with it. */
async function quarantineWreckers(parts: LoadParts, inventory: Inventory): Promise<ReadonlySet<string>> {
  const wreckers = inventory.all.filter(({ id }) => (inventory.record(id)?.startedAt ?? null) !== null);
  const reason = "the panel ended while it was being started within the panel's own process";
  for (const { id } of wreckers) await quarantine(parts, id, reason);
  if (wreckers.length > 0) await inventory.refresh();
  return new Set(wreckers.map(({ id }) => id));
}

/** On a full disk it is not written down; then the next start tries again. */
async function quarantine({ logger, records, storage }: LoadParts, id: string, reason: string): Promise<void> {
  logger.error("a plugin was quarantined", { plugin: id, reason });
  await storage
    .change((change) => records.write(change, id, "quarantined", reason))
    .catch((error: unknown) => logger.error("what is wanted of a plugin was not written down", { plugin: id, error }));
}

async function load(parts: LoadParts, inventory: Inventory, found: FoundPlugin): Promise<LoadedPlugin | undefined> {
  const { logger, records, shelf } = parts;
  const { id } = found.manifest;
  const source = sourceOf(inventory, found);
  const runsApart = isolationOf(found, source) === "process";
  try {
    if (source === "installed" && !runsApart) {
      await records
        .begin(id)
        .catch((error: unknown) => logger.error("a start was not written down", { plugin: id, error }));
    }
    return await shelf.load(found, source);
  } catch (error) {
    const { message } = error as Error;
    inventory.note(id, [message]);
    if (runsApart) await quarantine(parts, id, `it could not be started: ${message}`);
    return undefined;
  }
}

function sourceOf(inventory: Inventory, { manifest }: FoundPlugin): KnownPlugin["source"] {
  return inventory.get(manifest.id)?.source ?? "bundled";
}
