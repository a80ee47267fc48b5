import type { CommandContext } from "./context.ts";
import { approvePlugin } from "./plugin-approve.ts";
import { installPlugin } from "./plugin-install.ts";
import { showPlugin, showPluginFindings, showPlugins } from "./plugin-show.ts";
import { makeSigningKey, signPlugin } from "./plugin-sign.ts";

type Command = (context: CommandContext) => Promise<number>;

/** What `patchbay plugin <action>` does in a way of its own. The words are those after the action. */
const actions: Readonly<Record<string, Command>> = {
  install: installPlugin,
  approve: approvePlugin,
  list: showPlugins,
  info: showPlugin,
  doctor: showPluginFindings,
  sign: signPlugin,
  keygen: makeSigningKey,
  create: async ({ words }) => (await import("./plugin-create.ts")).createPlugin(words),
};

/** Actions whose only word is the plugin's id. */
const ofOne = ["enable", "disable", "reload", "remove", "settings"];

/** `patchbay plugin …`. `operation` runs whatever else the panel can do with plugins. */
export function pluginCommand(
  context: CommandContext,
  operation: (resource: string, context: CommandContext) => Promise<number>,
): Promise<number> {
  const [action = "", ...rest] = context.words;
  const own = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (own) return own({ ...context, words: rest });
  const [id, ...flags] = rest;
  if (!ofOne.includes(action) || id === undefined || id.startsWith("--")) return operation("plugins", context);
  return operation("plugins", { ...context, words: [action, "--id", id, ...flags] });
}
