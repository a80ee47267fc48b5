import { HostInfo, type Manifest, PluginSettings, roles, ServerCertificate, SystemFacts, Vault } from "@patchbay/sdk";
import type { PluginServices } from "../plugins/generation.ts";
import type { Snapshot } from "./protocol.ts";

/** What a guest gets at its start of the services that answer at once. */
export function snapshotOf({ id, provides }: Manifest, { find }: PluginServices): Snapshot {
  const system = find(SystemFacts);
  const vault = find(Vault);
  return {
    plugin: id,
    host: find(HostInfo) ?? null,
    system: system
      ? {
          version: system.version,
          gitCommit: system.gitCommit,
          os: system.os,
          reservedHosts: system.reservedHosts,
          portals: Object.fromEntries(roles.map((role) => [role, system.portal(role)])) as Record<
            (typeof roles)[number],
            string
          >,
        }
      : null,
    // It holds a key: only a backend has a daemon that shows it.
    certificate: provides.length > 0 ? (find(ServerCertificate) ?? null) : null,
    vaultKey: vault ? Buffer.from(vault.derive("isolated")).toString("base64") : null,
  };
}

/** The values of a plugin's own settings now; undefined while no generation has the plugin. */
export function settingsOf(keys: readonly string[], { find }: PluginServices): Record<string, string> | undefined {
  try {
    const settings = find(PluginSettings);
    return settings && Object.fromEntries(keys.map((key) => [key, settings.get(key)]));
  } catch {
    return undefined;
  }
}
