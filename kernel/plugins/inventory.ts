import type { Generation } from "./generation.ts";
import type { LoadedPlugin } from "./load.ts";
import type { PluginRecord, PluginRecords, Wanted } from "./records.ts";
import type { Shelf } from "./shelf.ts";
import type { KnownPlugin, PluginState } from "./types.ts";

/** How one plugin stands. */
export interface PluginStanding {
  readonly known: KnownPlugin;
  readonly state: PluginState;
  /** Why it is broken or quarantined. */
  readonly reason: string | null;
  /** Everything that is wrong with it. */
  readonly problems: readonly string[];
}

/** Every plugin there is, what is wanted of each, and why some do not run. */
export class Inventory {
  readonly #shelf: Pick<Shelf, "known">;
  readonly #records: Pick<PluginRecords, "all">;
  #known: ReadonlyMap<string, KnownPlugin> = new Map();
  #wanted: ReadonlyMap<string, PluginRecord> = new Map();
  readonly #failures = new Map<string, readonly string[]>();

  constructor(shelf: Pick<Shelf, "known">, records: Pick<PluginRecords, "all">) {
    this.#shelf = shelf;
    this.#records = records;
  }

  /** Looks anew at folders and records. */
  async look(): Promise<void> {
    const [known, records] = await Promise.all([this.#shelf.known(), this.#records.all()]);
    this.#known = new Map(known.map((plugin) => [plugin.id, plugin]));
    this.#wanted = records;
  }

  /** Looks anew at the records alone. */
  async refresh(): Promise<void> {
    this.#wanted = await this.#records.all();
  }

  get all(): readonly KnownPlugin[] {
    return [...this.#known.values()];
  }

  get(id: string): KnownPlugin | undefined {
    return this.#known.get(id);
  }

  record(id: string): PluginRecord | undefined {
    return this.#wanted.get(id);
  }

  wanted({ id, source }: KnownPlugin): Wanted {
    return this.#wanted.get(id)?.wanted ?? (source === "bundled" ? "enabled" : "disabled");
  }

  /** True when it should be part of the generation and nothing is known against that. */
  isReady(plugin: KnownPlugin): boolean {
    return (
      plugin.found !== undefined && plugin.problems.length === 0 && plugin.approved && this.wanted(plugin) === "enabled"
    );
  }

  /** Remembers why a plugin could not be made part of a generation; nothing: it could. */
  note(id: string, problems: readonly string[]): void {
    if (problems.length > 0) this.#failures.set(id, problems);
    else this.#failures.delete(id);
  }

  /** Why a plugin that another one requires does not run. */
  absent(id: string): string {
    const plugin = this.#known.get(id);
    if (!plugin) return "is not there";
    if (!plugin.approved) return "is not approved";
    const wanted = this.wanted(plugin);
    return wanted === "enabled" ? "cannot be loaded" : `is ${wanted}`;
  }

  standing(plugin: KnownPlugin, generation: Generation, isDegraded: boolean): PluginStanding {
    const problems = [...plugin.problems, ...(this.#failures.get(plugin.id) ?? [])];
    const runs = generation.plugins.some(({ manifest }) => manifest.id === plugin.id);
    if (runs) return { known: plugin, state: isDegraded ? "degraded" : "active", reason: null, problems };
    const wanted = this.wanted(plugin);
    if (!plugin.approved) return { known: plugin, state: "unapproved", reason: null, problems };
    if (wanted === "disabled") return { known: plugin, state: "disabled", reason: null, problems };
    if (wanted === "quarantined") {
      return { known: plugin, state: "quarantined", reason: this.#wanted.get(plugin.id)?.reason ?? null, problems };
    }
    return { known: plugin, state: "broken", reason: problems[0] ?? null, problems };
  }
}

/** The version that runs, and the one that is on disk. */
export function versionOf(plugin: KnownPlugin, generation: Generation): string {
  const running: LoadedPlugin | undefined = generation.plugins.find(({ manifest }) => manifest.id === plugin.id);
  return running?.version ?? plugin.found?.version ?? "";
}
