import { defineChange, defineQuery, notFound, type Operation } from "@patchbay/sdk";
import * as v from "valibot";
import type { Settings } from "../settings/settings.ts";
import type { Generation } from "./generation.ts";
import { settingsSchema } from "./settings-schema.ts";

export interface PluginRooms {
  readonly generation: () => Generation;
  readonly settings: Pick<Settings, "shownOfPlugin" | "savePlugin">;
}

const access = { callers: ["admin"] } as const;
const pluginId = v.pipe(v.string(), v.maxLength(64));

/** What the running generation is made of, and the settings each plugin has for itself. */
export function pluginOperations({ generation, settings }: PluginRooms): readonly Operation[] {
  return [
    defineQuery({
      id: "plugins.list",
      summary: "The plugins of the running panel",
      access,
      rate: "standard",
      input: v.strictObject({}),
      output: v.array(
        v.strictObject({
          id: v.string(),
          title: v.string(),
          version: v.string(),
          state: v.picklist(["active"]),
          provides: v.array(v.strictObject({ slot: v.string(), as: v.string() })),
        }),
      ),
      handle: async () =>
        generation().plugins.map(({ manifest, version }) => ({
          id: manifest.id,
          title: manifest.title,
          version,
          state: "active" as const,
          provides: [...manifest.provides],
        })),
    }),
    settingsOf({ generation, settings }),
    saveSettings(settings),
  ];
}

function settingsOf({ generation, settings }: PluginRooms): Operation {
  return defineQuery({
    id: "plugins.settings",
    summary: "The settings of a plugin, and the schema of a form for them",
    access,
    rate: "standard",
    input: v.strictObject({ id: pluginId }),
    output: v.strictObject({
      id: v.string(),
      /** Secrets as `***`. */
      values: v.record(v.string(), v.string()),
      /** JSON Schema 2020-12. */
      schema: v.record(v.string(), v.unknown()),
    }),
    errors: ["NOT_FOUND"],
    handle: async ({ id }) => {
      const declared = generation().pluginSettings.get(id);
      if (!declared) throw notFound("Plugin");
      return { id, values: { ...settings.shownOfPlugin(id) }, schema: { ...settingsSchema(declared) } };
    },
  });
}

function saveSettings(settings: PluginRooms["settings"]): Operation {
  return defineChange({
    id: "plugins.save-settings",
    method: "POST",
    summary: "Save settings of a plugin; those that are not given stay, and so does a secret given as ***",
    message: "Settings saved",
    access,
    rate: "standard",
    // Which of them are secrets is known only once the plugin is found.
    secrets: ["values"],
    input: v.strictObject({
      id: pluginId,
      values: v.pipe(
        v.record(v.pipe(v.string(), v.maxLength(64)), v.pipe(v.string(), v.maxLength(65_536))),
        v.maxEntries(100),
      ),
    }),
    output: v.strictObject({ id: v.string() }),
    errors: ["NOT_FOUND"],
    resource: ({ id }) => `plugin:${id}`,
    handle: async ({ id, values }, ctx) => {
      await settings.savePlugin(ctx.intents, id, values);
      ctx.note({ keys: Object.keys(values) });
      return { id };
    },
  });
}
