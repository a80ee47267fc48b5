import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, HelperError } from "./errors.ts";

const readLimit = 256 * 1024;
const sideBySide = 32;
const treeName = /^[A-Za-z0-9._@-]+$/;

/**
 * SHA-256 of a file of a tree, null for absent. A link or a directory in its place has a digest too, which no content
 * can have: it counts as changed.
 */
export async function digestOf(path: string): Promise<string | null> {
  const stat = await lstat(path).catch(absent);
  if (stat === null) return null;
  if (stat.isFile()) return sha256(await readPlain(path, Number.POSITIVE_INFINITY));
  const what = stat.isSymbolicLink() ? await readlink(path) : `mode ${stat.mode}`;
  return sha256(Buffer.from(`not a file\0${what}`));
}

/** Digests of these paths of a tree. */
export async function digestPaths(tree: string, paths: readonly string[]): Promise<Record<string, string | null>> {
  const digests = await mapLimited(paths, (path) => digestOf(join(tree, path)));
  return Object.fromEntries(paths.map((path, at) => [path, digests[at] ?? null]));
}

interface Seen {
  readonly stamp: string;
  readonly digest: string;
}

/** How long a file must have been left alone before its stamp speaks for it: clocks of file systems are coarse. */
const restMs = 2000;

/** Digests of whole trees, looked at again and again: a file is read only when its stamp says that it was touched. */
export class TreeDigests {
  readonly #seen = new Map<string, ReadonlyMap<string, Seen>>();

  /** Every file there is, but for what is below `local.d`, which is the admin's. */
  async of(tree: string): Promise<Record<string, string | null>> {
    const before = this.#seen.get(tree) ?? new Map<string, Seen>();
    const after = new Map<string, Seen>();
    const digests: Record<string, string | null> = {};
    const paths = (await listFiles(tree, "")).filter((path) => path.split("/")[0] !== "local.d");
    await mapLimited(paths, async (path) => {
      const { stamp, rested } = await stampOf(join(tree, path));
      const known = before.get(path);
      const digest = stamp !== "" && known?.stamp === stamp ? known.digest : await digestOf(join(tree, path));
      digests[path] = digest;
      if (digest !== null && rested) after.set(path, { stamp, digest });
    });
    this.#seen.set(tree, after);
    return digests;
  }
}

/** Changes whenever the file does. `rested`: and it has not been touched for so long that the next touch will show. */
async function stampOf(path: string): Promise<{ stamp: string; rested: boolean }> {
  const stat = await lstat(path, { bigint: true }).catch(absent);
  if (stat === null || !stat.isFile()) return { stamp: "", rested: false };
  const { ctimeMs, ctimeNs, dev, ino, mtimeNs, size } = stat;
  return { stamp: `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`, rested: Date.now() - Number(ctimeMs) > restMs };
}

/** The first 256 KiB of a file as text, null for absent. Throws `conflict` when something else is in its place. */
export async function readTree(tree: string, path: string): Promise<string | null> {
  const stat = await lstat(join(tree, path)).catch(absent);
  if (stat === null) return null;
  if (!stat.isFile()) throw new HelperError("conflict", `${path} is not a plain file`);
  return (await readPlain(join(tree, path), readLimit)).toString("utf8");
}

/** Runs `work` over a list, a few at a time, keeping the order. */
export async function mapLimited<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += sideBySide) {
    results.push(...(await Promise.all(items.slice(at, at + sideBySide).map(work))));
  }
  return results;
}

async function listFiles(tree: string, below: string): Promise<string[]> {
  const found: string[] = [];
  for (const item of await readdir(join(tree, below), { withFileTypes: true })) {
    if (!treeName.test(item.name)) continue;
    const path = below === "" ? item.name : `${below}/${item.name}`;
    if (item.isDirectory()) found.push(...(await listFiles(tree, path)));
    else found.push(path);
  }
  return found.sort();
}

async function readPlain(path: string, limit: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (limit === Number.POSITIVE_INFINITY) return await file.readFile();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(limit), 0, limit, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function absent(error: unknown): null {
  if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return null;
  throw error;
}

function sha256(data: Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
