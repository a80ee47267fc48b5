import { defineChange, defineQuery, notFound, type Operation, pluginSettingsSaved } from "@patchbay/sdk";
import * as v from "valibot";
import type { Settings } from "../settings/settings.ts";
import type { Generation } from "./generation.ts";
import { adminOnly, pluginId } from "./operations.ts";
import { settingsSchema } from "./settings-schema.ts";

export interface PluginSettingsRooms {
  readonly generation: () => Generation;
  readonly settings: Pick<Settings, "shownOfPlugin" | "savePlugin" | "versionOfPlugin">;
}

/** The settings each running plugin has for itself. */
export function pluginSettingsOperations({ generation, settings }: PluginSettingsRooms): readonly Operation[] {
  return [settingsOf({ generation, settings }), saveSettings(settings)];
}

function settingsOf({ generation, settings }: PluginSettingsRooms): Operation {
  return defineQuery({
    id: "plugins.settings",
    summary: "The settings of a plugin, and the schema of a form for them",
    access: adminOnly,
    rate: "standard",
    input: v.strictObject({ id: pluginId }),
    output: v.strictObject({
      id: v.string(),
      /** To be sent back when saving, so that nobody else's changes are overwritten. */
      version: v.string(),
      /** Secrets as `***`. */
      values: v.record(v.string(), v.string()),
      /** JSON Schema 2020-12. */
      schema: v.record(v.string(), v.unknown()),
    }),
    errors: ["NOT_FOUND"],
    handle: async ({ id }) => {
      const declared = generation().pluginSettings.get(id);
      if (!declared) throw notFound("Plugin");
      const values = { ...settings.shownOfPlugin(id) };
      return { id, version: settings.versionOfPlugin(id), values, schema: { ...settingsSchema(declared) } };
    },
  });
}

function saveSettings(settings: PluginSettingsRooms["settings"]): Operation {
  return defineChange({
    id: "plugins.save-settings",
    method: "POST",
    summary: "Save settings of a plugin; those that are not given stay, and so does a secret given as ***",
    message: "Settings saved",
    access: adminOnly,
    rate: "standard",
    // Which of them are secrets is known only once the plugin is found.
    secrets: ["values"],
    input: v.strictObject({
      id: pluginId,
      values: v.pipe(
        v.record(v.pipe(v.string(), v.maxLength(64)), v.pipe(v.string(), v.maxLength(65_536))),
        v.maxEntries(100),
      ),
      /** Of `plugins/settings`. Refused with SETTINGS_CHANGED (409) when they were saved since. */
      version: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, "must be a version from plugins/settings"))),
    }),
    output: v.strictObject({ id: v.string() }),
    errors: ["NOT_FOUND", "SETTINGS_CHANGED"],
    resource: ({ id }) => `plugin:${id}`,
    handle: async ({ id, values, version }, ctx) => {
      await settings.savePlugin(ctx.intents, id, { values, version });
      ctx.note({ keys: Object.keys(values) });
      await ctx.emit(pluginSettingsSaved, { plugin: id, keys: Object.keys(values) });
      return { id };
    },
  });
}
