import type { Logger } from "@patchbay/sdk";
import type { Layout } from "../../helper/layout.ts";
import type { HelperClient } from "../../host/types.ts";
import type { Instance } from "../../instance.ts";
import type { Storage } from "../../storage/types.ts";
import type { PluginFolders } from "./folders.ts";
import type { InstallHost } from "./types.ts";

export interface InstallParts {
  readonly instance: Pick<Instance, "data" | "panel" | "root" | "host">;
  readonly storage: Pick<Storage, "read">;
  readonly helper: HelperClient;
  readonly logger: Logger;
  readonly live: InstallHost;
}

/** What the pieces of this room share. */
export interface InstallRoom extends InstallParts {
  readonly folders: PluginFolders;
  /** Of the helper: whose grants are judged by. */
  readonly layout: Layout;
  /** One installation, approval or removal at a time. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}
