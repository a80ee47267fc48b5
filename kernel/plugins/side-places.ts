import type { Storage } from "../storage/types.ts";

/**
 * Which backend has which side ports: the place it was given when it was first seen, so that another that comes or goes
 * moves nobody's.
 */
export class SidePlaces {
  readonly #storage: Pick<Storage, "read" | "change">;
  readonly #places = new Map<string, Map<string, number>>();
  #unsaved: { slot: string; provider: string; place: number }[] = [];

  constructor(storage: Pick<Storage, "read" | "change">) {
    this.#storage = storage;
  }

  async load(): Promise<void> {
    const rows = await this.#storage.read.all<{ slot: string; provider: string; place: number }>(
      "SELECT slot, provider, place FROM side_places",
    );
    for (const { slot, provider, place } of rows) this.#slot(slot).set(provider, place);
  }

  /** The places of a slot's providers, by id. New ones are given theirs in the order of their ids. */
  of(slot: string, providers: readonly string[]): ReadonlyMap<string, number> {
    const places = this.#slot(slot);
    for (const provider of [...providers].sort()) {
      if (places.has(provider)) continue;
      const place = 1 + Math.max(-1, ...places.values());
      places.set(provider, place);
      this.#unsaved.push({ slot, provider, place });
    }
    return places;
  }

  /** Makes durable what was given out since. */
  async save(): Promise<void> {
    const rows = this.#unsaved;
    if (rows.length === 0) return;
    await this.#storage.change(async ({ db, tables }) => {
      tables.add("side_places");
      for (const row of rows) await db("side_places").insert(row).onConflict(["slot", "provider"]).ignore();
    });
    this.#unsaved = this.#unsaved.slice(rows.length);
  }

  #slot(slot: string): Map<string, number> {
    const known = this.#places.get(slot) ?? new Map<string, number>();
    this.#places.set(slot, known);
    return known;
  }
}
