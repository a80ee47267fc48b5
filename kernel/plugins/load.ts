import { pathToFileURL } from "node:url";
import type { Plugin } from "@patchbay/sdk";
import type { FoundPlugin } from "./manifest.ts";

/** A plugin with its code. */
export interface LoadedPlugin extends FoundPlugin {
  readonly plugin: Plugin;
}

/** Imports the code of a plugin into this process. Rejects with the reason for people. `entry` is the file to import. */
export async function importPlugin(found: FoundPlugin, entry: string): Promise<LoadedPlugin> {
  const { id } = found.manifest;
  let module: { default?: Plugin };
  try {
    module = (await import(pathToFileURL(entry).href)) as { default?: Plugin };
  } catch (error) {
    throw new Error(`${id} cannot be imported: ${(error as Error | undefined)?.message ?? String(error)}`, {
      cause: error,
    });
  }
  if (module.default?.$type !== "patchbay/plugin")
    throw new Error(`${id} has no default export made with definePlugin()`);
  return { ...found, plugin: module.default };
}
