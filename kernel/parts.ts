import type { ServerCertificate } from "@patchbay/sdk";
import type { Foundation } from "./foundation.ts";
import type { Host } from "./host/types.ts";
import type { Instance } from "./instance.ts";
import type { Generation, PluginServices } from "./plugins/generation.ts";
import type { OnFault, PluginProcesses } from "./plugins/guests.ts";
import type { BundledPlugins } from "./plugins/shelf.ts";

/** What a kernel is made from. */
export interface KernelParts {
  readonly instance: Instance;
  readonly foundation: Foundation;
  readonly host: Host;
  readonly bundled: BundledPlugins;
  /** What starts plugins in processes of their own. */
  readonly processes: (needs: ProcessNeeds) => PluginProcesses;
  readonly serverCertificate: ServerCertificate;
  /** `PATCHBAY_CRASH_AT`. */
  readonly crashAt: string | undefined;
}

/** What plugins in processes of their own need of the kernel. */
export interface ProcessNeeds {
  readonly onFault: OnFault;
  /** The kernel's services and a plugin's own. */
  readonly servicesOf: (plugin: string) => PluginServices;
}

/** The generation that is active now. Throws before the first is. */
export type ActiveGeneration = () => Generation;

/** Called with what a plugin's code threw that it may not, and where. Must not throw. */
export type OnThrown = (plugin: string, where: string, error: unknown) => void;

/** What the rooms need of the running plugins. */
export interface PluginNeeds {
  readonly generation: ActiveGeneration;
  readonly onThrown: OnThrown;
}
