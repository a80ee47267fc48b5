import { constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, readdir, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { PrivilegedInput } from "@patchbay/sdk/privileged";
import type { Owner } from "./durable.ts";
import { errorCode, HelperError } from "./errors.ts";
import type { Grants } from "./grants.ts";
import type { Identity } from "./identity.ts";
import type { Layout } from "./layout.ts";

type Nothing = Record<string, never>;

interface StateFilesParts {
  readonly grants: Grants;
  readonly layout: Layout;
  readonly identity: Identity;
}

interface Way {
  readonly owner: Owner;
  /** Directories that are missing are made. */
  readonly make: boolean;
}

/** No path of the contract holds a tilde, so nobody else's file is called so. */
const unfinished = "~seed";

/**
 * Files in the state directories of the plugins. Those belong to daemons, which may be in a stranger's hands: every
 * directory on the way is opened by itself, without following a link, must be the daemon's own, and is then worked in by
 * its descriptor. So nothing is made or removed where the daemon could not do it by itself.
 */
export class StateFiles {
  readonly #parts: StateFilesParts;

  constructor(parts: StateFilesParts) {
    this.#parts = parts;
  }

  /** The file is there as a whole or not at all. Throws `conflict` when something else than a file has its name. */
  async seed({ plugin, path, content }: PrivilegedInput<"state.seed">): Promise<Nothing> {
    const owner = this.#ownerOf(plugin);
    await this.#in(plugin, dirname(path), { owner, make: true }, async (directory) => {
      if (await isPlainFile(at(directory, basename(path)), path)) return;
      await writeUnfinished(directory, content, owner);
      // Unlike a rename it leaves alone what came there meanwhile.
      await link(at(directory, unfinished), at(directory, basename(path))).catch(unless("EEXIST"));
      await unlink(at(directory, unfinished)).catch(unless("ENOENT"));
      await directory.sync();
    });
    return {};
  }

  /** A link goes itself. Throws `conflict` for a directory. */
  async remove({ plugin, paths }: PrivilegedInput<"state.remove">): Promise<Nothing> {
    const owner = this.#ownerOf(plugin);
    for (const [parent, names] of byDirectory(paths)) {
      await this.#in(plugin, parent, { owner, make: false }, async (directory) => {
        for (const name of names) await removeFile(at(directory, name), join(parent, name));
        await directory.sync();
      });
    }
    return {};
  }

  #ownerOf(plugin: string): Owner {
    const { grants, identity } = this.#parts;
    // Throws for a plugin that was granted nothing.
    grants.tree(plugin);
    const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    return identity.multiUser && grants.runsAsWeb(plugin) ? identity.web : self;
  }

  /** Works in the directory `below` a plugin's own; does nothing when that is missing and not to be made. */
  async #in(plugin: string, below: string, way: Way, work: (directory: FileHandle) => Promise<void>): Promise<void> {
    const own = await openDirectory(join(this.#parts.layout.state, plugin), "the state directory");
    if (own === undefined) throw new HelperError("conflict", `the state directory of ${plugin} is missing`);
    await descend(own, below === "." ? [] : below.split("/"), way, work);
  }
}

/** A name in an open directory, wherever that directory is now. Node has no openat(2); this is its way. */
function at(directory: FileHandle, name: string): string {
  return `/proc/self/fd/${directory.fd}/${name}`;
}

async function descend(
  directory: FileHandle,
  [name, ...rest]: readonly string[],
  way: Way,
  work: (directory: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    if ((await directory.stat()).uid !== way.owner.uid) throw foreign();
    if (name === undefined) return await work(directory);
    if (way.make) await makeDirectory(directory, name, way.owner);
    const next = await openDirectory(at(directory, name), name);
    if (next !== undefined) await descend(next, rest, way, work);
  } finally {
    await directory.close();
  }
}

async function openDirectory(path: string, label: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    if (!["ENOTDIR", "ELOOP"].includes(errorCode(error))) throw error;
    throw new HelperError("conflict", `${label} is not a directory`);
  }
}

async function makeDirectory(parent: FileHandle, name: string, owner: Owner): Promise<void> {
  await mkdir(at(parent, name), 0o700).catch(unless("EEXIST"));
  const directory = await openDirectory(at(parent, name), name);
  if (directory === undefined) return;
  try {
    const { uid } = await directory.stat();
    // One that was made, now or before a crash, and not handed over yet is empty and still the helper's.
    if (uid !== process.getuid?.() || (await readdir(at(directory, "."))).length > 0) return;
    await directory.chown(owner.uid, owner.gid);
    await directory.chmod(0o750);
    await directory.sync();
    await parent.sync();
  } finally {
    await directory.close();
  }
}

async function writeUnfinished(directory: FileHandle, content: string, owner: Owner): Promise<void> {
  const path = at(directory, unfinished);
  // What a crash left behind.
  await unlink(path).catch(unless("ENOENT"));
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(content);
    await file.chown(owner.uid, owner.gid);
    await file.chmod(0o640);
    await file.sync();
  } catch (error) {
    await unlink(path).catch(unless("ENOENT"));
    throw error;
  } finally {
    await file.close();
  }
}

async function isPlainFile(path: string, label: string): Promise<boolean> {
  const stat = await lstat(path).catch(unless("ENOENT"));
  if (stat === undefined || stat.isFile()) return stat !== undefined;
  throw new HelperError("conflict", `${label} is not a plain file`);
}

async function removeFile(path: string, label: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) === "EISDIR") throw new HelperError("conflict", `${label} is a directory`);
    return unless("ENOENT")(error);
  });
}

function byDirectory(paths: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const grouped = new Map<string, string[]>();
  for (const path of paths) {
    const names = grouped.get(dirname(path)) ?? [];
    names.push(basename(path));
    grouped.set(dirname(path), names);
  }
  return grouped;
}

function foreign(): HelperError {
  return new HelperError("conflict", "a directory in the way belongs to somebody else");
}

/** For `catch`: undefined for the one error that is expected. */
function unless(expected: string): (error: unknown) => undefined {
  return (error) => {
    if (errorCode(error) === expected) return undefined;
    throw error;
  };
}
