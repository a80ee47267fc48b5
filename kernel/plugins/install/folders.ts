import { existsSync } from "node:fs";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";

/** The panel's own packages, as installed plugins find them. */
export interface PanelPackages {
  readonly sdk: string;
  readonly kernel: string;
}

/** The folders below `DIR/plugins`: of each plugin the one that is used, one that waits for approval, and the one before. */
export class PluginFolders {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  current(id: string): string {
    return join(this.#base, id);
  }

  pending(id: string): string {
    return join(this.#base, `${id}.new`);
  }

  former(id: string): string {
    return join(this.#base, `${id}.old`);
  }

  /** A fresh folder on the same file system, with nothing in it but what npm needs. */
  async stage(): Promise<string> {
    const folder = await mkdtemp(join(this.#base, ".staging-"));
    await writeFile(join(folder, "package.json"), '{"private":true}');
    return folder;
  }

  /** A staged folder takes a place; what was there goes. */
  async place(staged: string, at: string): Promise<void> {
    await rm(at, { recursive: true, force: true });
    await rename(staged, at);
  }

  /** The waiting one is used from now on, and the one that was used is kept. */
  async promote(id: string): Promise<void> {
    await rm(this.former(id), { recursive: true, force: true });
    await rename(this.current(id), this.former(id));
    await rename(this.pending(id), this.current(id));
  }

  /** Takes `promote` back, as far as it came. */
  async demote(id: string): Promise<void> {
    if (!existsSync(this.former(id))) return;
    if (existsSync(this.current(id))) await rename(this.current(id), this.pending(id));
    await rename(this.former(id), this.current(id));
  }

  async dropFormer(id: string): Promise<void> {
    await rm(this.former(id), { recursive: true, force: true });
  }

  async remove(id: string): Promise<void> {
    for (const folder of [this.pending(id), this.former(id), this.current(id)]) {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Removes what no plugin of these ids has: left by a crash. */
  async sweep(ids: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#base)) {
      const id = name.replace(/\.(?:new|old)$/, "");
      if (!ids.has(id)) await rm(join(this.#base, name), { recursive: true, force: true });
    }
  }
}

/** Directories that everybody may enter and files that everybody may read, and nobody else write: plugins have users of their own. */
export async function openToReaders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToReaders(path);
    else if (entry.isFile()) await chmod(path, 0o644);
  }
}

/** Puts links to the panel's own packages where the plugin's imports find them. */
export async function linkPanelPackages(folder: string, packages: PanelPackages): Promise<void> {
  const scope = join(folder, "node_modules", "@patchbay");
  await mkdir(scope, { recursive: true, mode: 0o755 });
  await chmod(scope, 0o755);
  for (const [name, target] of Object.entries(packages)) {
    const link = join(scope, name);
    if ((await readlink(link).catch(() => undefined)) === target) continue;
    await rm(link, { recursive: true, force: true });
    await symlink(target, link);
  }
}

/** Paths of those links. */
export const panelLinks: ReadonlySet<string> = new Set(["node_modules/@patchbay/sdk", "node_modules/@patchbay/kernel"]);

/**
 * Where the panel's own packages are: in a checkout the build puts them below `dist/packages`; an installed panel is one
 * itself, with the other beside it. Throws when they are not there.
 */
export async function findPanelPackages(root: string): Promise<PanelPackages> {
  const built = join(root, "dist", "packages");
  const places = [
    { sdk: join(built, "sdk"), kernel: join(built, "kernel") },
    { sdk: join(root, "node_modules", "@patchbay", "sdk"), kernel: root },
    { sdk: join(dirname(root), "sdk"), kernel: root },
  ];
  for (const place of places)
    if ((await isPackage(place.sdk, "sdk")) && (await isPackage(place.kernel, "kernel"))) return place;
  throw new Error("the panel's own packages are not there; build the panel again");
}

async function isPackage(folder: string, name: string): Promise<boolean> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
  return text !== undefined && (JSON.parse(text) as { name?: string }).name === `@patchbay/${name}`;
}

/** The names of the packages in `node_modules`, scopes resolved. */
export async function packagesIn(folder: string): Promise<readonly string[]> {
  const modules = join(folder, "node_modules");
  const names = await readdir(modules).catch(() => [] as string[]);
  const found: string[] = [];
  for (const name of names.filter((one) => !one.startsWith("."))) {
    if (!name.startsWith("@")) found.push(name);
    else if ((await lstat(join(modules, name))).isDirectory()) {
      found.push(...(await readdir(join(modules, name))).map((below) => `${name}/${below}`));
    }
  }
  return found.sort();
}
