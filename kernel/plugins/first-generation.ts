import type { Storage } from "../storage/types.ts";
import { type Build, composeWhatFits } from "./compose.ts";
import type { Generation } from "./generation.ts";
import type { Inventory } from "./inventory.ts";
import type { LoadedPlugin } from "./load.ts";
import { type LoadParts, loadAtStart } from "./load-at-start.ts";
import type { FoundPlugin } from "./manifest.ts";
import { migrateAll } from "./migrate.ts";
import { isolationOf } from "./shelf.ts";

export interface FirstGeneration {
  readonly generation: Generation;
  /** Those that were loaded, also if they are not part of it. */
  readonly loaded: readonly LoadedPlugin[];
}

/** The generation a panel starts with: of all plugins that can be loaded. Why others cannot be is noted in the inventory. */
export async function firstGeneration(
  parts: LoadParts & { readonly storage: Pick<Storage, "migrate"> },
  inventory: Inventory,
  build: Build,
): Promise<FirstGeneration> {
  const loaded = await loadAtStart(parts, inventory);
  for (let trying = loaded; ; ) {
    const { generation, left } = composeWhatFits(trying, {
      build,
      absent: (id) => inventory.absent(id),
      rank: (plugin) => rankOf(inventory, plugin),
    });
    for (const [id, problems] of left) inventory.note(id, problems);
    const failed = await migrateAll(parts, generation.migrations);
    if (!failed) return { generation, loaded };
    inventory.note(failed.id, [failed.problem]);
    trying = generation.plugins.filter(({ manifest }) => manifest.id !== failed.id);
  }
}

/** What comes with the panel and runs within it is the last to go. */
function rankOf(inventory: Inventory, found: FoundPlugin): number {
  const source = inventory.get(found.manifest.id)?.source ?? "installed";
  return (source === "bundled" ? 2 : 0) + (isolationOf(found, source) === "kernel" ? 1 : 0);
}
