import { type Contributions, definePlugin, type Manifest } from "@patchbay/sdk";
import type { GuestPlugin, PluginProcesses } from "../guests.ts";
import type { LoadedPlugin } from "../load.ts";
import type { BundledPlugins } from "../shelf.ts";

/** The manifest of a plugin that asks for nothing but this. */
export function toyManifest(id: string, more: Partial<Manifest> = {}): Manifest {
  return {
    id,
    title: id,
    sdk: "^1.0.0",
    provides: [],
    requires: [],
    packages: [],
    grants: { services: {}, tree: false, invoke: [] },
    memoryMb: 256,
    ...more,
  };
}

/** A plugin that contributes this. */
export function toyPlugin(
  id: string,
  contribute: (to: Contributions) => void = () => undefined,
  manifest: Partial<Manifest> = {},
): LoadedPlugin {
  return { version: "1.0.0", dir: "", plugin: definePlugin(contribute), manifest: toyManifest(id, manifest) };
}

/** Plugins that come with a panel, without files. `problems`: what is wrong with some, by id. */
export function toyBundle(
  plugins: readonly LoadedPlugin[],
  problems: Readonly<Record<string, readonly string[]>> = {},
): BundledPlugins {
  return {
    read: async () =>
      plugins.map(({ plugin: _, ...found }) => {
        return { id: found.manifest.id, found, problems: problems[found.manifest.id] ?? [] };
      }),
    import: async (found) => {
      const plugin = plugins.find(({ manifest }) => manifest.id === found.manifest.id);
      if (!plugin) throw new Error(`${found.manifest.id} cannot be imported`);
      return plugin;
    },
  };
}

/** Runs what should have a process of its own within this one, and writes down what was started and ended. */
export class ToyProcesses implements PluginProcesses {
  readonly said: string[] = [];
  readonly #plugins: readonly LoadedPlugin[];
  #started = 0;

  constructor(plugins: readonly LoadedPlugin[]) {
    this.#plugins = plugins;
  }

  async load({ manifest: { id } }: { readonly manifest: Manifest }): Promise<GuestPlugin> {
    const plugin = this.#plugins.find(({ manifest }) => manifest.id === id);
    if (!plugin) throw new Error(`${id} does not answer`);
    this.#started += 1;
    const name = `${id} ${this.#started}`;
    this.said.push(`start ${name}`);
    return { ...plugin, end: async () => void this.said.push(`end ${name}`) };
  }

  async close(): Promise<void> {
    this.said.push("close");
  }
}
