import { createHash } from "node:crypto";
import type { Intents, Setting } from "@patchbay/sdk";
import type { Sealer, Storage } from "../storage/types.ts";

/** What stands for a secret in answers, and means "leave it as it is" when it comes back. */
export const masked = "***";

interface Row {
  readonly id: number;
  readonly key: string;
  readonly value: string;
}

/** The table of saved values, kept in memory. `load` must have resolved before anything is read. */
export class SettingRows {
  readonly #storage: Pick<Storage, "read" | "onWrite">;
  readonly #sealer: Pick<Sealer, "seal" | "open">;
  /** Rows written by a change that is still running: its second save of a key must find its first. */
  readonly #unsaved = new WeakMap<Intents, Map<string, Row>>();
  #rows: ReadonlyMap<string, Row> | undefined;
  #loading: Promise<void> = Promise.resolve();

  constructor(storage: Pick<Storage, "read" | "onWrite">, sealer: Pick<Sealer, "seal" | "open">) {
    this.#storage = storage;
    this.#sealer = sealer;
    storage.onWrite((tables) => (tables.has("settings") ? this.load().catch(() => undefined) : undefined));
  }

  load(): Promise<void> {
    this.#loading = this.#loading
      .catch(() => undefined)
      .then(async () => {
        const rows = await this.#storage.read.all<Row>("SELECT id, key, value FROM settings");
        this.#rows = new Map(rows.map((row) => [row.key, row]));
      });
    return this.#loading;
  }

  fresh(): Promise<void> {
    return this.#loading;
  }

  /** What was saved under a key, as it is stored. */
  saved(key: string): string | undefined {
    return this.#known().get(key)?.value;
  }

  /** The value of a setting that is kept under `key`. */
  value(key: string, setting: Setting): string {
    const stored = this.saved(key);
    if (stored === undefined) return setting.default;
    return setting.secret === true ? this.#sealer.open(contextOf(key), stored) : stored;
  }

  /** The value as it may be shown. */
  shown(key: string, setting: Setting): string {
    if (setting.secret !== true) return this.value(key, setting);
    return this.saved(key) !== undefined || setting.default !== "" ? masked : "";
  }

  /** Changes with everything that is saved under keys with this beginning, and tells nothing of it: secrets are sealed. */
  version(prefix: string): string {
    const rows = [...this.#known().values()].filter(({ key }) => key.startsWith(prefix));
    const text = JSON.stringify(rows.map(({ key, value }) => [key, value]).sort());
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
  }

  /** Saves a canonical value of a setting. A secret is sealed. Resolves with false when it is what is kept already. */
  async set(intents: Intents, key: string, { setting, value }: { setting: Setting; value: string }): Promise<boolean> {
    if (setting.secret !== true) return this.write(intents, key, value);
    const stored = this.#current(intents, key)?.value;
    if (stored !== undefined && this.#sealer.open(contextOf(key), stored) === value) return false;
    return this.write(intents, key, this.#sealer.seal(contextOf(key), value));
  }

  /** Saves a text as it is. */
  async write(intents: Intents, key: string, value: string): Promise<boolean> {
    const row = this.#current(intents, key);
    if (row?.value === value) return false;
    if (row) await intents.update("settings", row.id, { value });
    const id = row?.id ?? (await intents.insert("settings", { key, value })).id;
    const unsaved = this.#unsaved.get(intents) ?? new Map<string, Row>();
    this.#unsaved.set(intents, unsaved.set(key, { id, key, value }));
    return true;
  }

  /** Forgets everything that is saved under keys with this beginning. */
  async drop(intents: Intents, prefix: string): Promise<void> {
    for (const { id, key } of this.#known().values()) if (key.startsWith(prefix)) await intents.delete("settings", id);
  }

  #current(intents: Intents, key: string): Row | undefined {
    return this.#unsaved.get(intents)?.get(key) ?? this.#known().get(key);
  }

  #known(): ReadonlyMap<string, Row> {
    if (!this.#rows) throw new Error("the settings have not been loaded");
    return this.#rows;
  }
}

function contextOf(key: string): string {
  return `settings.value.${key}`;
}
