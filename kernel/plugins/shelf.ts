import type { PluginProcesses } from "./guests.ts";
import type { Installs } from "./install/types.ts";
import { importPlugin, type LoadedPlugin } from "./load.ts";
import { type FoundPlugin, type ReadPlugin, readPlugins } from "./manifest.ts";
import type { KnownPlugin, PluginSource } from "./types.ts";

/** The plugins that come with the panel. */
export interface BundledPlugins {
  /** Looks anew, without running any of their code. */
  read(): Promise<readonly ReadPlugin[]>;
  /** Imports one. */
  import(found: FoundPlugin): Promise<LoadedPlugin>;
}

/** Those below a folder. `entryOf` tells which file is to be imported. */
export function bundledPlugins(folder: string, entryOf: (found: FoundPlugin) => string): BundledPlugins {
  return { read: () => readPlugins(folder), import: (found) => importPlugin(found, entryOf(found)) };
}

export interface ShelfParts {
  readonly bundled: BundledPlugins;
  readonly installs: Pick<Installs, "list" | "open">;
  readonly processes: Pick<PluginProcesses, "load">;
}

/** Where a plugin's code runs. */
export function isolationOf({ manifest }: FoundPlugin, source: PluginSource): "kernel" | "process" {
  return manifest.isolation ?? (source === "installed" ? "process" : "kernel");
}

/** Every plugin there is, bundled and installed, and how to get at its code. */
export class Shelf {
  readonly #parts: ShelfParts;
  /** What runs in this process is imported once: Node keeps every module it has ever read. */
  readonly #imported = new Map<string, LoadedPlugin>();
  readonly #entries = new Map<string, string>();

  constructor(parts: ShelfParts) {
    this.#parts = parts;
  }

  /** Looks anew at what there is. An id that is there twice is the bundled one's. */
  async known(): Promise<readonly KnownPlugin[]> {
    const bundled = (await this.#parts.bundled.read()).map((read) => known(read));
    const all = new Map<string, KnownPlugin>();
    for (const plugin of bundled) all.set(plugin.id, all.has(plugin.id) ? twice(plugin) : plugin);
    for (const record of await this.#parts.installs.list()) {
      const { id, approved, signer, pending } = record;
      const opened = await this.#parts.installs.open(id);
      const isReady = "found" in opened;
      if (isReady) this.#entries.set(id, opened.entry);
      const plugin: KnownPlugin = {
        id,
        source: "installed",
        found: isReady ? opened.found : undefined,
        problems: isReady ? [] : opened.problems,
        approved,
        signer,
        pending,
      };
      const other = all.get(id);
      all.set(id, other ? twice(other) : plugin);
    }
    return [...all.values()];
  }

  /** Imports a plugin, or starts its process. Rejects with the reason for people. */
  async load(found: FoundPlugin, source: PluginSource): Promise<LoadedPlugin> {
    const { id } = found.manifest;
    if (isolationOf(found, source) === "process") return this.#parts.processes.load(found);
    const imported = this.#imported.get(id);
    // Its manifest may have been read anew; its code cannot be.
    if (imported) return imported;
    const entry = this.#entries.get(id);
    const loaded =
      source === "installed" && entry !== undefined
        ? await importPlugin(found, entry)
        : await this.#parts.bundled.import(found);
    this.#imported.set(id, loaded);
    return loaded;
  }

  /** A version that was checked just now: its code is what `load` reads next. */
  take(id: string, entry: string): void {
    this.#entries.set(id, entry);
  }

  /** The version whose code runs in this process, if any does. */
  importedVersion(id: string): string | undefined {
    return this.#imported.get(id)?.version;
  }
}

function known({ id, found, problems }: ReadPlugin): KnownPlugin {
  return { id, source: "bundled", found, problems, approved: true, signer: null, pending: null };
}

function twice(plugin: KnownPlugin): KnownPlugin {
  return { ...plugin, problems: [...new Set([...plugin.problems, `plugin ${plugin.id} is there twice`])] };
}
