import {
  type Intents,
  type PluginSettings,
  parseField,
  type ServerOptions,
  type Setting,
  type SlotChoice,
} from "@patchbay/sdk";
import type { Sealer, Storage } from "../storage/types.ts";
import { checkProvider, nobody, unknownOption } from "./check.ts";
import { type DeclaredPluginSettings, PluginSettingsRoom, type SettingsToSave } from "./plugin-settings.ts";
import { masked, SettingRows } from "./rows.ts";
import type { SlotOption } from "./slot-option.ts";

/** What the plugins of a generation declare. */
export interface SettingsDeclared {
  /** Its settings, by key. */
  readonly declared: () => ReadonlyMap<string, Setting>;
  /** Its slots that have an option. */
  readonly choices: () => readonly SlotOption[];
  /** The settings its plugins have for themselves. */
  readonly pluginSettings: () => DeclaredPluginSettings;
  /** Slots a plugin of it provides. */
  readonly slotsOf: (plugin: string) => readonly string[];
}

/** What is declared is that of the current generation. */
export interface SettingsOptions extends SettingsDeclared {
  readonly storage: Storage;
  /** Seals the values of secret settings. */
  readonly sealer: Pick<Sealer, "seal" | "open">;
}

/** Server options and the settings of plugins, kept in memory. `load` must have resolved before anything is read. */
export interface Settings extends ServerOptions {
  load(): Promise<void>;
  /** The same values as one generation sees them, whichever is current: a call in flight finds what it began with. */
  within(declared: SettingsDeclared): Settings;
  /** Resolves when what is in memory includes every commit so far. Await it right after a change that saved an option. */
  fresh(): Promise<void>;
  /**
   * Saves for every slot option that is still unset what serves the slot now, so that installing a package later changes
   * nothing. Called at each start, before anything is reconciled.
   */
  settleChoices(): Promise<void>;
  /** What a plugin reads its own settings with. */
  ofPlugin(plugin: string): PluginSettings;
  /** The settings of a plugin, secrets masked. Throws NOT_FOUND for a plugin that is not there. */
  shownOfPlugin(plugin: string): Readonly<Record<string, string>>;
  /**
   * Validates and writes settings of a plugin in the caller's change, and brings its providers up to date when something
   * changed. Throws NOT_FOUND, INVALID_INPUT that names `values.<key>`, SETTINGS_CHANGED (409) when the version is not the
   * one that was given.
   */
  savePlugin(intents: Intents, plugin: string, wanted: SettingsToSave): Promise<void>;
  /** Forgets what was saved of a plugin that is removed. */
  dropPlugin(change: { readonly intents: Intents }, plugin: string): Promise<void>;
  /** Changes whenever a setting of the plugin is saved. */
  versionOfPlugin(plugin: string): string;
}

export function createSettings(options: SettingsOptions): Settings {
  return new CachedSettings(options, new SettingRows(options.storage, options.sealer));
}

class CachedSettings implements Settings {
  readonly #options: SettingsOptions;
  readonly #rows: SettingRows;
  readonly #plugins: PluginSettingsRoom;

  constructor(options: SettingsOptions, rows: SettingRows) {
    this.#options = options;
    this.#rows = rows;
    const { pluginSettings: declared, slotsOf } = options;
    this.#plugins = new PluginSettingsRoom({ rows, declared, slotsOf });
  }

  within(declared: SettingsDeclared): Settings {
    return new CachedSettings({ ...this.#options, ...declared }, this.#rows);
  }

  load(): Promise<void> {
    return this.#rows.load();
  }

  fresh(): Promise<void> {
    return this.#rows.fresh();
  }

  async settleChoices(): Promise<void> {
    const { storage } = this.#options;
    const unset = () => this.#options.choices().filter(({ option }) => this.#rows.saved(option) === undefined);
    if (!unset().some((choice) => choice.fallback !== undefined)) return;
    await storage.change(async (change) => {
      await this.fresh();
      for (const { option, fallback } of unset()) {
        if (fallback !== undefined) await this.#rows.write(change.intents, option, fallback);
      }
      await storage.settle(change, change.id);
    });
    await this.fresh();
  }

  async choices(): Promise<readonly SlotChoice[]> {
    return this.#options.choices().map((choice) => {
      const { fallback: _fallback, ...shown } = choice;
      return { ...shown, chosen: this.#chosen(choice) };
    });
  }

  get(key: string): string {
    const choice = this.#choice(key);
    if (choice) return this.#chosen(choice);
    const setting = this.#options.declared().get(key);
    if (!setting) throw new Error(`no plugin declares the setting ${key}`);
    return this.#rows.value(key, setting);
  }

  all(): Readonly<Record<string, string>> {
    const settings = [...this.#options.declared().values()].map((setting) => [
      setting.key,
      this.#rows.shown(setting.key, setting),
    ]);
    const chosen = this.#options.choices().map((choice) => [choice.option, this.#chosen(choice)]);
    return Object.fromEntries([...settings, ...chosen]) as Record<string, string>;
  }

  async save(intents: Intents, key: string, value: string): Promise<void> {
    // The commit before this change may still be on its way into memory.
    await this.fresh();
    const choice = this.#choice(key);
    if (choice) {
      checkProvider(choice, value);
      await this.#rows.write(intents, key, value);
      return;
    }
    const setting = this.#options.declared().get(key);
    if (!setting)
      throw unknownOption([...this.#options.declared().keys(), ...this.#options.choices().map((c) => c.option)]);
    if (setting.secret === true && value === masked) return;
    await this.#rows.set(intents, key, { setting, value: parseField("value", setting.schema, value) });
  }

  ofPlugin(plugin: string): PluginSettings {
    return this.#plugins.of(plugin);
  }

  shownOfPlugin(plugin: string): Readonly<Record<string, string>> {
    return this.#plugins.shown(plugin);
  }

  savePlugin(intents: Intents, plugin: string, wanted: SettingsToSave): Promise<void> {
    return this.#plugins.save(intents, plugin, wanted);
  }

  dropPlugin({ intents }: { readonly intents: Intents }, plugin: string): Promise<void> {
    return this.#plugins.drop(intents, plugin);
  }

  versionOfPlugin(plugin: string): string {
    return this.#plugins.version(plugin);
  }

  #choice(key: string): SlotOption | undefined {
    return this.#options.choices().find((choice) => choice.option === key);
  }

  #chosen(choice: SlotOption): string {
    return this.#rows.saved(choice.option) ?? choice.fallback ?? (choice.optional ? nobody : "");
  }
}
