import type { LoadedPlugin } from "./load.ts";
import type { FoundPlugin } from "./manifest.ts";

/**
 * What a plugin did wrong. `threw`: a handler, tap, task or provider failed in a way it may not. `late`: it did not answer
 * within its deadline. `stuck`: its process answers nothing at all. `memory`: it used more than it may. `exited`: its process
 * ended by itself. `start`: it could not be imported, or `contribute()` failed.
 */
export type FaultKind = "threw" | "late" | "stuck" | "memory" | "exited" | "start";

export interface Fault {
  readonly plugin: string;
  readonly kind: FaultKind;
  /** What it was doing: an operation, hook, task or schedule id, `provider web`, `start`. */
  readonly where: string;
  /** For admins. Holds no input and no secret. */
  readonly message: string;
}

/** Called for every fault, at once. Must not throw. */
export type OnFault = (fault: Fault) => void;

/** A plugin whose code runs in a process of its own; `plugin.contribute` declares what stands for its parts here. */
export interface GuestPlugin extends LoadedPlugin {
  /** Ends the process: calls in flight have 5 s to be answered. Called once no generation holds the plugin any more. */
  end(): Promise<void>;
}

/** The processes of plugins that do not run in the kernel's. */
export interface PluginProcesses {
  /**
   * Starts a plugin's process and asks what it contributes. Rejects, with the reason for people, when it cannot be started,
   * does not answer within 20 s, or contributes what only a plugin in the kernel's process may.
   *
   * While it lives, a process that dies is a fault and is started again (after 0.2 s, 1 s, 5 s, …); calls meanwhile are
   * refused with PLUGIN_UNAVAILABLE (503), or ProviderError `unavailable` in a provider.
   */
  load(found: FoundPlugin): Promise<GuestPlugin>;
  /** Ends all of them. */
  close(): Promise<void>;
}
