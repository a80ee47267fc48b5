import type { PrivilegedOutput } from "@patchbay/sdk/privileged";
import type { HelperClient } from "./types.ts";

/** The helper gives an installation nine minutes, after the one before it. */
const longMs = 20 * 60_000;

/** System packages of the plugins, through the helper. */
export interface Packages {
  /**
   * Installs what the plugin's manifest names. Rejects with ProviderError: `unavailable` with the output of apt-get when it
   * fails or cannot be used here, `terminal` for a plugin that needs no packages.
   */
  install(plugin: string): Promise<void>;
  /** Installed versions by package, null for absent, and whether packages can be installed here at all. */
  versions(plugins: readonly string[]): Promise<PrivilegedOutput<"package.versions">>;
}

export function createPackages(client: HelperClient): Packages {
  return {
    install: async (plugin) => {
      await client.call("package.install", { plugin }, { timeoutMs: longMs });
    },
    versions: (plugins) => client.call("package.versions", { plugins: [...plugins] }),
  };
}
