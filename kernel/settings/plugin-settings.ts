import {
  conflict,
  type FieldError,
  type Intents,
  isPanelError,
  notFound,
  PanelError,
  type PluginSettings,
  parseField,
  type Setting,
  safeFieldName,
} from "@patchbay/sdk";
import { masked, type SettingRows } from "./rows.ts";

/** Settings by key, by plugin. A plugin without settings has an empty map. */
export type DeclaredPluginSettings = ReadonlyMap<string, ReadonlyMap<string, Setting>>;

export interface PluginSettingsOptions {
  readonly rows: SettingRows;
  /** Of the current generation. */
  readonly declared: () => DeclaredPluginSettings;
  /** Slots a plugin of the current generation provides. */
  readonly slotsOf: (plugin: string) => readonly string[];
}

export interface SettingsToSave {
  /** By key; those that are not given stay. */
  readonly values: Readonly<Record<string, string>>;
  /** What the caller has read. Undefined: whatever it is now. */
  readonly version?: string | undefined;
}

/** The settings each plugin has for itself. */
export class PluginSettingsRoom {
  readonly #options: PluginSettingsOptions;

  constructor(options: PluginSettingsOptions) {
    this.#options = options;
  }

  of(plugin: string): PluginSettings {
    return {
      get: (key) => {
        const setting = this.#options.declared().get(plugin)?.get(key);
        if (!setting) throw new Error(`${plugin} does not declare the setting ${key}`);
        return this.#options.rows.value(rowKey(plugin, key), setting);
      },
    };
  }

  shown(plugin: string): Readonly<Record<string, string>> {
    const entries = [...this.#declared(plugin)].map(([key, setting]) => [
      key,
      this.#options.rows.shown(rowKey(plugin, key), setting),
    ]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  async drop(intents: Intents, plugin: string): Promise<void> {
    const { rows } = this.#options;
    await rows.fresh();
    await rows.drop(intents, rowKey(plugin, ""));
  }

  /** Other than before when a setting of the plugin was saved since. */
  version(plugin: string): string {
    return this.#options.rows.version(rowKey(plugin, ""));
  }

  async save(intents: Intents, plugin: string, { values, version }: SettingsToSave): Promise<void> {
    const { rows, slotsOf } = this.#options;
    const canonical = parseValues(this.#declared(plugin), values);
    // The commit before this change may still be on its way into memory.
    await rows.fresh();
    if (version !== undefined && version !== this.version(plugin)) {
      throw conflict("SETTINGS_CHANGED", "Somebody saved these settings meanwhile. Read them again first.");
    }
    let changed = false;
    for (const [key, setting, value] of canonical) {
      changed = (await rows.set(intents, rowKey(plugin, key), { setting, value })) || changed;
    }
    if (changed) for (const slot of slotsOf(plugin)) intents.touch(slot, "");
  }

  #declared(plugin: string): ReadonlyMap<string, Setting> {
    const declared = this.#options.declared().get(plugin);
    if (!declared) throw notFound("Plugin");
    return declared;
  }
}

/** Throws INVALID_INPUT with everything that is wrong, `values.<key>` each. */
function parseValues(
  declared: ReadonlyMap<string, Setting>,
  values: Readonly<Record<string, string>>,
): readonly (readonly [string, Setting, string])[] {
  const wrong: FieldError[] = [];
  const parsed: (readonly [string, Setting, string])[] = [];
  for (const [key, value] of Object.entries(values)) {
    const field = `values.${safeFieldName(key)}`;
    const setting = declared.get(key);
    if (!setting) wrong.push({ field, code: "unknown", message: "is not a setting of this plugin" });
    else if (setting.secret !== true || value !== masked) {
      try {
        parsed.push([key, setting, parseField(field, setting.schema, value)]);
      } catch (error) {
        if (!isPanelError(error)) throw error;
        wrong.push(...error.fields);
      }
    }
  }
  if (wrong.length === 0) return parsed;
  const fields = wrong.slice(0, 20);
  throw new PanelError("INVALID_INPUT", { status: 400, message: "The request is not valid.", fields });
}

/** Server options have no colon in their keys. */
function rowKey(plugin: string, key: string): string {
  return `plugin:${plugin}:${key}`;
}
