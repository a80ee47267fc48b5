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

const help = `patchbay plugin <action> [flags]

  list                          the plugins of this panel, and what became of each
  info ID                       what a plugin is, provides and may do
  doctor [ID]                   what is wrong with a plugin, and how to mend it
  install FOLDER|TARBALL|NAME   put a plugin on this server, show what it asks for, and approve and enable it
  approve ID                    let a plugin have what it asks for
  enable, disable, reload ID    take a plugin in or out, or run its code anew, while the panel serves
  remove ID                     take a plugin and what it kept off this server
  settings ID                   the settings of a plugin
  save-settings                 change them
  create NAME                   a folder to begin a plugin of your own with
  keygen, sign                  a key to sign plugins with, and a signature
`;

/** Actions whose only word is the plugin's id. */
const ofOne = ["enable", "disable", "reload", "remove", "settings"];

/** `patchbay plugin …`. `operation` runs whatever else the panel can do with plugins. */
export function pluginCommand(
  context: CommandContext,
  operation: (resource: string, context: CommandContext) => Promise<number>,
): Promise<number> {
  const [action = "", ...rest] = context.words;
  if (action === "" || action === "--help") {
    process.stdout.write(help);
    return Promise.resolve(action === "" ? 2 : 0);
  }
  const own = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (own) return own({ ...context, words: rest });
  const [id, ...flags] = rest;
  if (!ofOne.includes(action) || id === undefined || id.startsWith("--")) return operation("plugins", context);
  return operation("plugins", { ...context, words: [action, "--id", id, ...flags] });
}
