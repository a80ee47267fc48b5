import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink, realpath } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";

/** What a plugin with all it brings may have at most. */
export const limits = { files: 20_000, bytes: 200 * 1024 * 1024, path: 512 } as const;

/** One entry of a tree that is no directory. */
export interface Entry {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly kind: "file" | "link" | "other";
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
}

/** What is in a folder. Directories are told too: others may be able to write to them. */
export interface Tree {
  readonly entries: readonly Entry[];
  readonly directories: readonly Pick<Entry, "path" | "mode" | "uid">[];
  readonly bytes: number;
  /** There is more than `limits` allow; the rest was not looked at. */
  readonly tooLarge: boolean;
}

/** Looks at everything below a folder and follows no link. `skip`: paths that are not looked at. */
export async function readTree(folder: string, skip: (path: string) => boolean = () => false): Promise<Tree> {
  const entries: Entry[] = [];
  const directories: Pick<Entry, "path" | "mode" | "uid">[] = [];
  let bytes = 0;
  const waiting = [""];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const { mode, uid } = await lstat(join(folder, at));
    directories.push({ path: at, mode, uid });
    for (const name of (await readdir(join(folder, at))).sort()) {
      const path = at === "" ? name : `${at}/${name}`;
      if (skip(path)) continue;
      const stat = await lstat(join(folder, path));
      if (stat.isDirectory()) waiting.push(path);
      else {
        const kind = stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : "other";
        entries.push({ path, kind, size: stat.size, mode: stat.mode, uid: stat.uid });
        bytes += stat.size;
      }
      if (entries.length + directories.length + waiting.length > limits.files || bytes > limits.bytes) {
        return { entries, directories, bytes, tooLarge: true };
      }
    }
  }
  return { entries, directories, bytes, tooLarge: false };
}

/** What a tree may not hold, whoever made it. For people. */
export async function treeProblems(folder: string, tree: Tree): Promise<string[]> {
  const problems: string[] = [];
  if (tree.tooLarge) {
    const most = `${limits.files} files, ${limits.bytes / 1024 / 1024} MiB`;
    problems.push(`it is too large (at most ${most} with all it depends on): leave out what it does not need`);
  }
  const odd = tree.entries.filter(({ kind }) => kind === "other");
  if (odd.length > 0) problems.push(`${some(odd)}: neither files nor links; take them out`);
  const named = tree.entries.filter(({ path }) => !isPlainPath(path));
  if (named.length > 0)
    problems.push(`${named.length} files have names with control characters, or too long: rename them`);
  const out: Entry[] = [];
  for (const entry of tree.entries)
    if (entry.kind === "link" && !(await staysInside(folder, entry.path))) out.push(entry);
  if (out.length > 0)
    problems.push(`${some(out)}: links that lead out of the package or nowhere; put the files there instead`);
  return problems;
}

/** What of it somebody else than `uid` (or root) could change. For people. */
export function ownerProblems(tree: Tree, uid: number): string[] {
  const all = [...tree.directories, ...tree.entries.filter(({ kind }) => kind !== "link")];
  const writable = all.filter(({ mode }) => (mode & 0o022) !== 0);
  const foreign = all.filter((entry) => entry.uid !== uid && entry.uid !== 0);
  return [
    ...(writable.length > 0 ? [`${some(writable)}: others may write to it; take that away with chmod -R go-w`] : []),
    ...(foreign.length > 0
      ? [`${some(foreign)}: belongs to another user than the folder; give it to one with chown -R`]
      : []),
  ];
}

/** SHA-256 of a file, hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Path → SHA-256 of these files, sorted by path. */
export async function hashFiles(folder: string, paths: readonly string[]): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const path of [...paths].sort()) hashes.set(path, await hashFile(join(folder, path)));
  return hashes;
}

/** A few names, and how many more there are. */
export function some(entries: readonly { readonly path: string }[]): string {
  const names = entries
    .slice(0, 3)
    .map(({ path }) => (isPlainPath(path) ? path || "the folder itself" : "(unprintable)"));
  return entries.length > 3 ? `${names.join(", ")} and ${entries.length - 3} more` : names.join(", ");
}

function isPlainPath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return path.length <= limits.path && !/[\u0000-\u001f\u007f\\]/.test(path);
}

async function staysInside(folder: string, path: string): Promise<boolean> {
  const target = await readlink(join(folder, path));
  if (target.startsWith("/")) return false;
  const inside = (at: string, top: string) => !relative(top, at).startsWith(`..${sep}`) && relative(top, at) !== "..";
  if (!inside(resolve(folder, path, "..", target), folder)) return false;
  // On the way there may be other links.
  const [real, top] = await Promise.all([realpath(join(folder, path)).catch(() => undefined), realpath(folder)]);
  return real !== undefined && inside(real, top);
}
