import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "@patchbay/sdk";
import { type FoundPlugin, PluginProblems } from "./manifest.ts";

/** A plugin with its code. */
export interface LoadedPlugin extends FoundPlugin {
  readonly plugin: Plugin;
}

/**
 * Imports the code of plugins, all at once. `entryOf` tells where it is. One that is no plugin stops the start, named with
 * all others that failed.
 */
export async function loadPlugins(
  found: readonly FoundPlugin[],
  entryOf: (plugin: FoundPlugin) => string = (plugin) => join(plugin.dir, "index.ts"),
): Promise<readonly LoadedPlugin[]> {
  const problems: string[] = [];
  const loaded = await Promise.all(
    found.map(async (plugin) => {
      try {
        const module = (await import(pathToFileURL(entryOf(plugin)).href)) as { default?: Plugin };
        if (module.default?.$type === "patchbay/plugin") return { ...plugin, plugin: module.default };
        problems.push(`${plugin.manifest.id} has no default export made with definePlugin()`);
      } catch (error) {
        problems.push(`${plugin.manifest.id} cannot be imported: ${(error as Error).message}`);
      }
      return undefined;
    }),
  );
  if (problems.length > 0) throw new PluginProblems(problems);
  return loaded.filter((plugin): plugin is LoadedPlugin => plugin !== undefined);
}
