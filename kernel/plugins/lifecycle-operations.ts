import {
  conflict,
  defineChange,
  type Operation,
  type PluginEvent,
  pluginDisabled,
  pluginEnabled,
  pluginRemoved,
} from "@patchbay/sdk";
import * as v from "valibot";
import { dropDocuments } from "./documents.ts";
import { dropFaults } from "./fault-log.ts";
import type { Installs } from "./install/types.ts";
import { versionOf } from "./inventory.ts";
import type { LivePlugins } from "./live.ts";
import { adminOnly, pluginId, pluginState } from "./operations.ts";

export interface LifecycleRooms {
  readonly live: LivePlugins;
  readonly installs: Pick<Installs, "removeFiles" | "removeRow">;
  /** Forgets what was saved as settings of a plugin. */
  readonly dropSettings: (change: Parameters<Installs["removeRow"]>[0], plugin: string) => Promise<void>;
}

/** Resolves with false when nothing had to be done. */
type Act = (id: string, options: { readonly dryRun: boolean }) => Promise<boolean>;

/** What makes plugins come and go on the running panel. Their work is done before the operation's transaction, which records it. */
export function lifecycleOperations(rooms: LifecycleRooms): readonly Operation[] {
  const { live } = rooms;
  return [
    lifecycle(live, {
      id: "plugins.enable",
      summary: "Make a plugin part of the running panel",
      message: "Plugin enabled",
      errors: ["NOT_FOUND", "PLUGIN_REFUSED", "PLUGIN_UNAPPROVED"],
      act: (id, options) => live.enable(id, options),
      hook: pluginEnabled,
    }),
    lifecycle(live, {
      id: "plugins.disable",
      summary: "Take a plugin out of the running panel; what it kept stays",
      message: "Plugin disabled",
      errors: ["NOT_FOUND", "PLUGIN_REFUSED", "PLUGIN_IN_USE"],
      act: (id, options) => live.disable(id, options),
      hook: pluginDisabled,
    }),
    lifecycle(live, {
      id: "plugins.reload",
      summary: "Start a plugin's process anew with the code that is there now",
      message: "Plugin reloaded",
      errors: ["NOT_FOUND", "PLUGIN_REFUSED", "PLUGIN_UNAPPROVED", "PLUGIN_NOT_ACTIVE"],
      act: async (id, options) => {
        await live.reload(id, options);
        return true;
      },
    }),
    remove(rooms),
  ];
}

interface Lifecycle {
  readonly id: string;
  readonly summary: string;
  readonly message: string;
  readonly errors: readonly string[];
  readonly act: Act;
  readonly hook?: typeof pluginEnabled;
}

function lifecycle(live: LivePlugins, { act, hook, ...facts }: Lifecycle): Operation {
  return defineChange({
    ...facts,
    method: "POST",
    access: adminOnly,
    rate: "standard",
    input: v.strictObject({ id: pluginId }),
    output: v.strictObject({ id: v.string(), state: pluginState }),
    resource: ({ id }) => `plugin:${id}`,
    prepare: ({ id }, { dryRun }) => act(id, { dryRun }),
    handle: async ({ id }, ctx, hasChanged) => {
      const { known, state } = live.get(id);
      if (hook && hasChanged) await ctx.emit(hook, eventOf(live, id));
      return { id: known.id, state };
    },
  });
}

function remove({ dropSettings, installs, live }: LifecycleRooms): Operation {
  return defineChange({
    id: "plugins.remove",
    method: "POST",
    summary: "Remove an installed plugin from this server, with its files, settings and documents",
    message: "Plugin removed",
    access: adminOnly,
    rate: "standard",
    input: v.strictObject({ id: pluginId }),
    output: v.strictObject({ id: v.string() }),
    errors: ["NOT_FOUND", "PLUGIN_BUNDLED", "PLUGIN_IN_USE", "PLUGIN_REFUSED"],
    resource: ({ id }) => `plugin:${id}`,
    prepare: async ({ id }, { dryRun }) => {
      const event = eventOf(live, id);
      if (event.source === "bundled") {
        throw conflict("PLUGIN_BUNDLED", `${id} comes with the panel. It can be disabled, not removed.`);
      }
      await live.disable(id, { dryRun, atOnce: true });
      if (!dryRun) await installs.removeFiles(id);
      return event;
    },
    handle: async ({ id }, ctx, event) => {
      await installs.removeRow(ctx, id);
      await dropSettings(ctx, id);
      await dropDocuments(ctx.db, id);
      await dropFaults(ctx.db, id);
      await ctx.db("plugins").where({ id }).delete();
      await ctx.emit(pluginRemoved, event);
      return { id };
    },
  });
}

function eventOf(live: LivePlugins, id: string): PluginEvent {
  const { known } = live.get(id);
  return { plugin: known.id, version: versionOf(known, live.generation()), source: known.source };
}
