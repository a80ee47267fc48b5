import { chmodSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { ensureDirectory, type Owner } from "./durable.ts";
import type { Identity } from "./identity.ts";

/** What the layout needs to know of the plugins: which there are, and whose their directories are. */
interface PluginDirectories {
  plugins(): readonly string[];
  runsAsWeb(plugin: string): boolean;
}

/** Where everything of an instance is. */
export interface Layout {
  /** Configuration trees, `<etc>/<plugin>`. */
  readonly etc: string;
  readonly run: string;
  readonly log: string;
  readonly state: string;
  readonly homes: string;
  readonly archive: string;
  /** The kernel's own files. */
  readonly panel: string;
  /** Lock, journals, registries: for root's eyes. */
  readonly helper: string;
  /** Code of the plugins that were installed, `<plugins>/<plugin>`. The kernel's own; others pass through and see no list. */
  readonly plugins: string;
  /** Staged files and backups. Beside the trees, because a rename must not leave the file system. */
  readonly staging: string;
}

/** Paths of an instance below one directory. */
export function sandboxLayout(dataDir: string): Layout {
  return {
    etc: join(dataDir, "etc"),
    run: join(dataDir, "run"),
    log: join(dataDir, "log"),
    state: join(dataDir, "state"),
    homes: join(dataDir, "homes"),
    archive: join(dataDir, "archive"),
    panel: join(dataDir, "panel"),
    helper: join(dataDir, "helper"),
    plugins: join(dataDir, "plugins"),
    staging: join(dataDir, "etc", ".tx"),
  };
}

/** Paths of a real server. The kernel's and the helper's own files stay below the data directory. */
export function systemLayout(dataDir: string): Layout {
  return {
    ...sandboxLayout(dataDir),
    etc: "/etc/patchbay",
    run: "/run/patchbay",
    log: "/var/log/patchbay",
    state: "/var/lib/patchbay/state",
    homes: "/home",
    archive: "/var/lib/patchbay/archive",
    staging: "/etc/patchbay/.tx",
  };
}

/** What must be there before the kernel starts: its own directories, and the way to them. */
export function ensureKernelDirectory(layout: Layout, identity: Identity): void {
  const owner = identity.multiUser ? identity.kernel : undefined;
  ensureDirectory(layout.panel, 0o700, owner);
  ensureDirectory(layout.plugins, 0o711, owner);
}

/** Accounts must be able to pass through the data directory to their homes. */
export function openDataDirectory(dataDir: string): void {
  const mode = lstatSync(dataDir).mode & 0o7777;
  if ((mode & 0o711) !== 0o711) chmodSync(dataDir, mode | 0o711);
}

/** Makes or mends all directories. Throws when something else is in the place of one. */
export function ensureLayout(layout: Layout, identity: Identity, grants: PluginDirectories): void {
  const as = (owner: Owner) => (identity.multiUser ? owner : undefined);
  const root = { uid: 0, gid: 0 };
  const rootWeb = { uid: 0, gid: identity.web.gid };
  ensureDirectory(layout.etc, 0o711, as(root));
  ensureDirectory(layout.staging, 0o710, as(rootWeb));
  for (const path of [layout.run, layout.log, layout.state]) ensureDirectory(path, 0o711, as(root));
  if (layout.homes !== "/home") ensureDirectory(layout.homes, 0o711, as(root));
  ensureDirectory(layout.archive, 0o700, as(root));
  for (const plugin of grants.plugins()) ensurePluginDirectories({ layout, identity, grants }, plugin);
}

/** Makes or mends the directories of one plugin that was granted something. */
export function ensurePluginDirectories(
  { layout, identity, grants }: { layout: Layout; identity: Identity; grants: PluginDirectories },
  plugin: string,
): void {
  const as = (owner: Owner) => (identity.multiUser ? owner : undefined);
  const root = { uid: 0, gid: 0 };
  const rootWeb = { uid: 0, gid: identity.web.gid };
  ensureDirectory(join(layout.etc, plugin), 0o750, as(rootWeb));
  const web = grants.runsAsWeb(plugin);
  const owner = as(web ? identity.web : root);
  // Sockets have owners of their own; workers of another identity must be able to reach them.
  ensureDirectory(join(layout.run, plugin), web ? 0o750 : 0o711, owner);
  ensureDirectory(join(layout.state, plugin), web ? 0o750 : 0o711, owner);
  ensureDirectory(join(layout.log, plugin), 0o750, as(web ? identity.web : rootWeb));
}
