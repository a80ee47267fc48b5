import type { ServerCertificate } from "@patchbay/sdk";
import type { Foundation } from "./foundation.ts";
import type { Host } from "./host/types.ts";
import type { Instance } from "./instance.ts";
import type { Generation } from "./plugins/generation.ts";
import type { LoadedPlugin } from "./plugins/load.ts";

/** What a kernel is made from. */
export interface KernelParts {
  readonly instance: Instance;
  readonly foundation: Foundation;
  readonly host: Host;
  readonly plugins: readonly LoadedPlugin[];
  readonly serverCertificate: ServerCertificate;
  /** `PATCHBAY_CRASH_AT`. */
  readonly crashAt: string | undefined;
}

/** The generation that is active now. Throws before the first is. */
export type ActiveGeneration = () => Generation;
