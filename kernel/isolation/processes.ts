import { join } from "node:path";
import type { Logger } from "@patchbay/sdk";
import type { HelperClient } from "../host/types.ts";
import type { PluginServices } from "../plugins/generation.ts";
import type { FoundPlugin } from "../plugins/manifest.ts";
import { remotePlugin } from "./remote-plugin.ts";
import { SupervisedGuest } from "./supervised-guest.ts";
import { TokenSocket } from "./token-socket.ts";
import type { GuestPlugin, OnFault, PluginProcesses } from "./types.ts";

export interface PluginProcessesOptions {
  readonly helper: HelperClient;
  /** The host's run directory; the socket is below its `plugins`. */
  readonly runDir: string;
  readonly onFault: OnFault;
  readonly logger: Logger;
  /** The services a plugin would find in the kernel's process. Asked when a process starts and when it asks for one. */
  servicesOf(plugin: string): PluginServices;
  /** Absolute path of a plugin's code. Throws, with the reason for people, when there is none. */
  entryOf(found: FoundPlugin): string;
}

/** Runs plugins in processes of their own, which the helper starts. */
export function createPluginProcesses(options: PluginProcessesOptions): PluginProcesses {
  const { entryOf, helper, logger, onFault, runDir, servicesOf } = options;
  const socket = new TokenSocket(join(runDir, "plugins"));
  const guests = new Set<SupervisedGuest>();
  return {
    load: async (found): Promise<GuestPlugin> => {
      const { id } = found.manifest;
      const start = { manifest: found.manifest, entry: entryOf(found), helper, socket, services: servicesOf(id) };
      const guest = new SupervisedGuest(start, { onFault, logger });
      try {
        await guest.start();
      } catch (error) {
        throw new Error(`${id} cannot be started: ${(error as Error).message}`, { cause: error });
      }
      guests.add(guest);
      const end = async () => {
        guests.delete(guest);
        await guest.end();
      };
      return { ...found, plugin: remotePlugin(guest, guest.description), end };
    },
    close: async () => {
      await Promise.all([...guests].map((guest) => guest.kill()));
      guests.clear();
      socket.close();
    },
  };
}
