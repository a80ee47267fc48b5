import { join } from "node:path";
import type { InstanceConfig } from "./helper/config.ts";

/** What the helper tells the kernel about the instance it runs. */
export interface Instance extends InstanceConfig {
  /** Folder of the checkout. */
  readonly root: string;
  /** Version of the panel. */
  readonly version: string;
  /** The kernel's own directory. */
  readonly panel: string;
  /** True in the built panel, false when it runs from its sources (tests). */
  readonly built: boolean;
}

/** Reads the instance out of the environment the helper has set. */
export function instanceFrom(env: NodeJS.ProcessEnv, built: boolean): Instance {
  const text = env["PATCHBAY_INSTANCE"];
  if (text === undefined) throw new Error("the kernel is started by `patchbay up`, not by hand");
  const config = JSON.parse(text) as InstanceConfig & { root: string; version: string };
  return { ...config, built, panel: join(config.data, "panel") };
}
