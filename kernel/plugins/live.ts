import { conflict, type Logger, notFound, PanelError, type PluginEvent } from "@patchbay/sdk";
import type { Change, Storage } from "../storage/types.ts";
import type { Build } from "./compose.ts";
import type { FaultLedger } from "./faults.ts";
import { firstGeneration } from "./first-generation.ts";
import type { Generation } from "./generation.ts";
import { usesOf } from "./in-use.ts";
import { Inventory, type PluginStanding } from "./inventory.ts";
import type { LoadedPlugin } from "./load.ts";
import { type FoundPlugin, PluginProblems } from "./manifest.ts";
import { type Failed, migrateAll } from "./migrate.ts";
import type { PluginRecords, Wanted } from "./records.ts";
import { assertLoadable, loadOrRefuse, refused } from "./refusals.ts";
import { arrange, dependentsOf } from "./requirements.ts";
import { Retirement } from "./retirement.ts";
import { isolationOf, type Shelf } from "./shelf.ts";
import type { KnownPlugin } from "./types.ts";

export interface LivePluginsOptions {
  readonly storage: Pick<Storage, "read" | "change" | "migrate">;
  readonly logger: Logger;
  readonly shelf: Shelf;
  readonly records: PluginRecords;
  readonly faults: FaultLedger;
  /** Builds a generation; throws PluginProblems. `known`: ids of all plugins there are, loaded or not. */
  readonly build: (plugins: readonly LoadedPlugin[], known: readonly string[]) => Generation;
  /** Makes what runs by the clock or in the background follow a new generation. Must not reject. */
  readonly follow: (now: Generation, before: Generation) => Promise<void>;
  /** Tells who listens that a plugin was quarantined, in the change that writes it down. */
  readonly announceQuarantine: (change: Change, event: PluginEvent) => Promise<void>;
}

/** A plugin that cannot be taken out is looked at again after so long at the earliest. Milliseconds. */
const patience = 60_000;

/**
 * The running plugins: holds the one pointer to the current generation, and replaces it. A new generation is built beside the
 * old one; whatever is wrong with it is said at once (PLUGIN_REFUSED, 409) and changes nothing.
 */
export class LivePlugins {
  readonly inventory: Inventory;
  readonly #options: LivePluginsOptions;
  readonly #retirement: Retirement;
  readonly #kept = new Map<string, number>();
  #generation: Generation | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LivePluginsOptions) {
    this.#options = options;
    this.inventory = new Inventory(options.shelf, options.records);
    this.#retirement = new Retirement(options.logger);
  }

  /** The current generation. Throws before the first is. */
  readonly generation = (): Generation => {
    if (!this.#generation) throw new Error("no generation is active yet");
    return this.#generation;
  };

  /** Builds the first generation, of all that can be loaded. Called once. The others are `broken` and keep nobody from starting. */
  async open(): Promise<void> {
    const { inventory } = this;
    await inventory.look();
    // What is written down on the way is already told to rooms that ask for the current one.
    this.#generation = this.#build([]);
    const { generation, loaded } = await firstGeneration(this.#options, inventory, this.#build);
    this.#generation = generation;
    await inventory.refresh();
    void this.#retirement.end(loaded.filter((plugin) => !generation.plugins.includes(plugin)));
    for (const { id, state, problems } of this.list().map(({ known, ...rest }) => ({ id: known.id, ...rest }))) {
      if (state === "broken") this.#options.logger.error("a plugin cannot be loaded", { plugin: id, problems });
    }
  }

  /** How every plugin stands, by id. */
  list(): readonly PluginStanding[] {
    return this.inventory.all
      .map((plugin) => this.#standing(plugin))
      .sort((a, b) => (a.known.id < b.known.id ? -1 : 1));
  }

  /** Throws NOT_FOUND. */
  get(id: string): PluginStanding {
    return this.#standing(this.#known(id));
  }

  /** Makes a plugin part of the panel, with what was left out only because it was missing. True: it was not before. Not to be called inside a change. */
  enable(id: string, { dryRun = false } = {}): Promise<boolean> {
    return this.#alone(async () => {
      await this.inventory.look();
      const known = this.#known(id);
      const found = assertLoadable(known);
      this.#options.faults.forgive(id);
      if (this.#running(id)) {
        if (!dryRun) await this.#write(id, "enabled");
        return false;
      }
      const active = this.generation().plugins;
      const { problems } = arrange([...active, found], (other) => this.inventory.absent(other));
      if (problems.size > 0) throw refused([...problems.values()].flat());
      if (dryRun) return true;
      await this.#add(known, found);
      await this.#addWaiting(id);
      return true;
    });
  }

  /**
   * Takes a plugin out. Throws PLUGIN_IN_USE (409) when something needs it. `atOnce`: its process is not left to calls that
   * have begun, and has ended when this resolves. True: it was active. Not to be called inside a change.
   */
  disable(id: string, { atOnce = false, dryRun = false } = {}): Promise<boolean> {
    return this.#alone(async () => {
      this.#known(id);
      const running = this.#running(id);
      if (running) {
        await this.#assertUnused(id);
        const next = this.#compose(this.generation().plugins.filter((plugin) => plugin !== running));
        if (dryRun) return true;
        await this.#write(id, "disabled");
        await this.#swap(next);
        if (atOnce) await this.#retirement.end([running]);
      } else if (!dryRun) await this.#write(id, "disabled");
      if (!dryRun) this.inventory.note(id, []);
      return running !== undefined;
    });
  }

  /** Loads the newest code of an active plugin that runs in a process of its own, and has any other contribute anew. */
  reload(id: string, { dryRun = false } = {}): Promise<void> {
    return this.#alone(async () => {
      await this.inventory.look();
      const known = this.#known(id);
      const found = assertLoadable(known);
      if (!this.#running(id)) throw conflict("PLUGIN_NOT_ACTIVE", `${id} does not run. Enable it instead.`);
      if (!dryRun) await this.#exchange(known, found);
    });
  }

  /** Runs this version from now on when the plugin is active, else does nothing. */
  replace(found: FoundPlugin): Promise<void> {
    return this.#alone(async () => {
      const known = this.inventory.get(found.manifest.id);
      if (known && this.#running(known.id)) await this.#exchange(known, found);
    });
  }

  /** Takes a plugin out because it keeps failing. It stays, degraded, when something needs it. */
  takeOut(id: string, reason: string): Promise<void> {
    return this.#alone(async () => {
      const running = this.#running(id);
      const now = performance.now();
      if (!running || now < (this.#kept.get(id) ?? 0)) return;
      const { announceQuarantine, logger, records, storage } = this.#options;
      try {
        await this.#assertUnused(id);
        const next = this.#compose(this.generation().plugins.filter((plugin) => plugin !== running));
        // Written afterwards: should the panel die in between, the plugin is back and fails again.
        await this.#swap(next);
      } catch (error) {
        this.#kept.set(id, now + patience);
        logger.error("a plugin keeps failing and cannot be taken out", { plugin: id, reason, error });
        return;
      }
      logger.error("a plugin was quarantined", { plugin: id, reason });
      const source = this.inventory.get(id)?.source ?? "installed";
      await storage.change(async (change) => {
        await records.write(change, id, "quarantined", reason);
        await announceQuarantine(change, { plugin: id, version: running.version, source, reason });
      });
      await this.inventory.refresh();
    });
  }

  /** Runs `work` while the generation stays what it is. */
  still<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone(work);
  }

  /** Resolves when every process that was to end has ended. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#retirement.close();
  }

  readonly #build: Build = (plugins) =>
    this.#options.build(
      plugins,
      this.inventory.all.map(({ id }) => id),
    );

  #standing(plugin: KnownPlugin): PluginStanding {
    return this.inventory.standing(plugin, this.generation(), this.#options.faults.isDegraded(plugin.id));
  }

  #known(id: string): KnownPlugin {
    const known = this.inventory.get(id);
    if (!known) throw notFound("Plugin");
    return known;
  }

  #running(id: string): LoadedPlugin | undefined {
    return this.generation().plugins.find(({ manifest }) => manifest.id === id);
  }

  async #assertUnused(id: string): Promise<void> {
    const uses = await usesOf(this.generation(), id, this.#options.storage.read);
    if (uses.length === 0) return;
    const message = `${id} is needed: ${uses.join("; ")}.`;
    throw new PanelError("PLUGIN_IN_USE", { status: 409, message, details: { uses } });
  }

  async #add(known: KnownPlugin, found: FoundPlugin): Promise<void> {
    const { id, source } = known;
    const { records, shelf } = this.#options;
    const isTrusted = source === "installed" && isolationOf(found, source) === "kernel";
    if (isTrusted) await records.begin(id);
    const loaded = await loadOrRefuse(shelf, known, found);
    try {
      const next = this.#compose([...this.generation().plugins, loaded]);
      const failed = await this.#migrate(next);
      if (failed) throw refused([failed.problem]);
      await this.#write(id, "enabled");
      await this.#swap(next);
    } catch (error) {
      void this.#retirement.end([loaded]);
      throw error;
    }
    this.inventory.note(id, []);
  }

  /** Adds those that are wanted and were missing nothing but this one. */
  async #addWaiting(id: string): Promise<void> {
    const ready = this.inventory.all.filter((plugin) => this.inventory.isReady(plugin) && !this.#running(plugin.id));
    const waiting = arrange([...this.generation().plugins, ...ready.flatMap(({ found }) => found ?? [])]).sorted;
    for (const found of dependentsOf(waiting, id)) {
      const known = ready.find((plugin) => plugin.id === found.manifest.id);
      if (!known) continue;
      await this.#add(known, found).catch((error: unknown) => {
        this.#options.logger.error("a plugin cannot be loaded", { plugin: known.id, error });
      });
    }
  }

  async #exchange(known: KnownPlugin, found: FoundPlugin): Promise<void> {
    const { faults, shelf } = this.#options;
    const loaded = await loadOrRefuse(shelf, known, found);
    try {
      const next = this.#compose(
        this.generation().plugins.map((plugin) => (plugin.manifest.id === known.id ? loaded : plugin)),
      );
      const failed = await this.#migrate(next);
      if (failed) throw refused([failed.problem]);
      await this.#swap(next);
    } catch (error) {
      if (!this.generation().plugins.includes(loaded)) void this.#retirement.end([loaded]);
      throw error;
    }
    faults.forgive(known.id);
  }

  /** Throws PLUGIN_REFUSED with everything that is wrong. */
  #compose(plugins: readonly LoadedPlugin[]): Generation {
    const { sorted, problems } = arrange(plugins, (id) => this.inventory.absent(id));
    if (problems.size > 0) throw refused([...problems.values()].flat());
    try {
      return this.#build(sorted);
    } catch (error) {
      throw error instanceof PluginProblems ? refused(error.problems) : error;
    }
  }

  /** Brings the tables of a generation's plugins up to date. The first that fails, and why. */
  #migrate({ migrations }: Generation): Promise<Failed | undefined> {
    const known = new Set(this.#generation?.migrations.map(({ value }) => value));
    return migrateAll(
      this.#options,
      migrations.filter(({ value }) => !known.has(value)),
    );
  }

  async #write(id: string, wanted: Wanted): Promise<void> {
    await this.#options.storage.change((change) => this.#options.records.write(change, id, wanted));
    await this.inventory.refresh();
  }

  async #swap(next: Generation): Promise<void> {
    const before = this.generation();
    this.#generation = next;
    this.#retirement.retire(before, next);
    await this.#options.follow(next, before);
  }

  /** One change of the generation at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
