import type { Clock } from "@patchbay/sdk";
import type { Change, Storage } from "../storage/types.ts";

/** What is wanted of a plugin. `quarantined`: the panel took it out itself. */
export type Wanted = "enabled" | "disabled" | "quarantined";

/** One row. A bundled plugin without one is enabled, an installed one disabled. */
export interface PluginRecord {
  readonly id: string;
  readonly wanted: Wanted;
  /** Why it is quarantined. */
  readonly reason: string | null;
  /** Set while it is being taken into the panel's own process: found at a start, it took the panel with it. */
  readonly startedAt: number | null;
}

interface Row {
  readonly id: string;
  readonly wanted: Wanted;
  readonly reason: string | null;
  readonly started_at: number | null;
}

/** The table `plugins`. */
export class PluginRecords {
  readonly #storage: Pick<Storage, "read" | "change">;
  readonly #clock: Clock;

  constructor(storage: Pick<Storage, "read" | "change">, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  async all(): Promise<ReadonlyMap<string, PluginRecord>> {
    const rows = await this.#storage.read.all<Row>("SELECT id, wanted, reason, started_at FROM plugins");
    return new Map(rows.map(({ started_at: startedAt, ...row }) => [row.id, { ...row, startedAt: startedAt ?? null }]));
  }

  async write(change: Change, id: string, wanted: Wanted, reason: string | null = null): Promise<void> {
    const row = { wanted, reason, started_at: null, updated_at: this.#clock.now() };
    await change
      .db("plugins")
      .insert({ id, ...row })
      .onConflict("id")
      .merge();
    change.tables.add("plugins");
  }

  /** Notes that this plugin is about to be run in the panel's own process. Durable when it resolves. */
  async begin(id: string): Promise<void> {
    const now = this.#clock.now();
    await this.#storage.change(async ({ db, tables }) => {
      tables.add("plugins");
      const row = { started_at: now, updated_at: now };
      await db("plugins")
        .insert({ id, wanted: "enabled", ...row })
        .onConflict("id")
        .merge(["started_at", "updated_at"]);
    });
  }

  /** All that were begun have come through. */
  async survived(): Promise<void> {
    if (![...(await this.all()).values()].some(({ startedAt }) => startedAt !== null)) return;
    await this.#storage.change(async ({ db, tables }) => {
      tables.add("plugins");
      await db("plugins").whereNotNull("started_at").update({ started_at: null });
    });
  }
}
