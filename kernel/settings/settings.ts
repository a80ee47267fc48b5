import { type Intents, parseField, type ServerOptions, type Setting, type SlotChoice } from "@patchbay/sdk";
import type { Sealer, Storage } from "../storage/types.ts";
import { checkProvider, unknownOption } from "./check.ts";
import type { SlotOption } from "./slot-option.ts";

export interface SettingsOptions {
  readonly storage: Storage;
  /** Seals the values of secret settings. */
  readonly sealer: Pick<Sealer, "seal" | "open">;
  /** The settings of the current generation, by key. */
  readonly declared: () => ReadonlyMap<string, Setting>;
  /** The slots of the current generation that have an option. */
  readonly choices: () => readonly SlotOption[];
}

/** Server options, kept in memory. `load` must have resolved before anything is read. */
export interface Settings extends ServerOptions {
  load(): Promise<void>;
  /** Resolves when what is in memory includes every commit so far. Await it right after a change that saved an option. */
  fresh(): Promise<void>;
}

export function createSettings(options: SettingsOptions): Settings {
  return new CachedSettings(options);
}

/** What stands for a secret in answers, and means "leave it as it is" when it comes back. */
const masked = "***";

interface Row {
  readonly id: number;
  readonly key: string;
  readonly value: string;
}

class CachedSettings implements Settings {
  readonly #options: SettingsOptions;
  /** Rows written by a change that is still running: its second save of a key must find its first. */
  readonly #unsaved = new WeakMap<Intents, Map<string, Row>>();
  #rows: ReadonlyMap<string, Row> | undefined;
  #loading: Promise<void> = Promise.resolve();

  constructor(options: SettingsOptions) {
    this.#options = options;
    options.storage.onWrite((tables) => {
      if (tables.has("settings")) void this.load().catch(() => undefined);
    });
  }

  load(): Promise<void> {
    this.#loading = this.#loading
      .catch(() => undefined)
      .then(async () => {
        const rows = await this.#options.storage.read.all<Row>("SELECT id, key, value FROM settings");
        this.#rows = new Map(rows.map((row) => [row.key, row]));
      });
    return this.#loading;
  }

  fresh(): Promise<void> {
    return this.#loading;
  }

  async choices(): Promise<readonly SlotChoice[]> {
    return this.#options.choices().map((choice) => ({
      option: choice.option,
      slot: choice.slot,
      title: choice.title,
      chosen: this.#chosen(choice),
      providers: choice.providers,
    }));
  }

  get(key: string): string {
    const choice = this.#choice(key);
    if (choice) return this.#chosen(choice);
    const setting = this.#options.declared().get(key);
    if (!setting) throw new Error(`no plugin declares the setting ${key}`);
    return this.#valueOf(setting, this.#known().get(key));
  }

  all(): Readonly<Record<string, string>> {
    const shown = [...this.#options.declared().values()].map((setting) => {
      const row = this.#known().get(setting.key);
      if (setting.secret !== true) return [setting.key, this.#valueOf(setting, row)];
      return [setting.key, row || setting.default !== "" ? masked : ""];
    });
    const chosen = this.#options.choices().map((choice) => [choice.option, this.#chosen(choice)]);
    return Object.fromEntries([...shown, ...chosen]) as Record<string, string>;
  }

  async save(intents: Intents, key: string, value: string): Promise<void> {
    // The commit before this change may still be on its way into memory.
    await this.fresh();
    const choice = this.#choice(key);
    if (choice) {
      checkProvider(choice, value);
      return this.#write(intents, key, value);
    }
    const setting = this.#options.declared().get(key);
    if (!setting)
      throw unknownOption([...this.#options.declared().keys(), ...this.#options.choices().map((c) => c.option)]);
    if (setting.secret === true && value === masked) return;
    const canonical = parseField("value", setting.schema, value);
    const stored = setting.secret === true ? this.#options.sealer.seal(contextOf(key), canonical) : canonical;
    return this.#write(intents, key, stored);
  }

  async #write(intents: Intents, key: string, value: string): Promise<void> {
    const unsaved = this.#unsaved.get(intents) ?? new Map<string, Row>();
    this.#unsaved.set(intents, unsaved);
    const row = unsaved.get(key) ?? this.#known().get(key);
    if (row?.value === value) return;
    if (row) await intents.update("settings", row.id, { value });
    const id = row?.id ?? (await intents.insert("settings", { key, value })).id;
    unsaved.set(key, { id, key, value });
  }

  #choice(key: string): SlotOption | undefined {
    return this.#options.choices().find((choice) => choice.option === key);
  }

  #chosen(choice: SlotOption): string {
    const saved = this.#known().get(choice.option)?.value;
    return saved ?? choice.fallback ?? choice.providers.find((provider) => provider.installed)?.id ?? "";
  }

  #valueOf(setting: Setting, row: Row | undefined): string {
    if (!row) return setting.default;
    return setting.secret === true ? this.#options.sealer.open(contextOf(setting.key), row.value) : row.value;
  }

  #known(): ReadonlyMap<string, Row> {
    if (!this.#rows) throw new Error("the settings have not been loaded");
    return this.#rows;
  }
}

function contextOf(key: string): string {
  return `settings.value.${key}`;
}
