import type { StateFiles } from "@patchbay/sdk";
import type { HelperClient } from "./types.ts";

const mostPaths = 1000;

/** The files of one plugin's daemon, through the helper. */
export function createStateFiles(client: HelperClient, plugin: string): StateFiles {
  return {
    seed: async (path, content) => {
      await client.call("state.seed", { plugin, path, content });
    },
    remove: async (paths) => {
      for (let at = 0; at < paths.length; at += mostPaths) {
        await client.call("state.remove", { plugin, paths: paths.slice(at, at + mostPaths) });
      }
    },
  };
}
