import { createHash } from "node:crypto";
import { readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hashFiles, ownerProblems, readTree, some, type Tree, treeProblems } from "./files.ts";
import { panelLinks } from "./folders.ts";

/** Names the files of an installed plugin with their digests. Its own digest is in the database. */
export const fileList = "patchbay.files.json";

const again = "install it again";

/** Writes down what was installed into a folder. Answers the digest to keep. */
export async function recordInstalled(folder: string): Promise<string> {
  const tree = await installedTree(folder);
  const text = await describe(folder, tree);
  await writeFile(join(folder, fileList), text, { mode: 0o644 });
  return digestOf(text);
}

/** The digest of what is written down in a folder; undefined when nothing is. Does not look at the files. */
export async function recordedDigest(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, fileList), "utf8").catch(() => undefined);
  return text === undefined ? undefined : digestOf(text);
}

/**
 * Compares an installed plugin's folder with what was installed there. Empty when every file is as it was and nobody else may
 * write to one; otherwise what is wrong and what to do, for people.
 */
export async function verifyInstalled(folder: string, digest: string): Promise<readonly string[]> {
  try {
    const text = await readFile(join(folder, fileList), "utf8");
    if (digestOf(text) !== digest) return [`the list of its files was changed after it was installed: ${again}`];
    const tree = await installedTree(folder);
    const problems = [...(await treeProblems(folder, tree)), ...ownerProblems(tree, process.getuid?.() ?? 0)];
    if (problems.length > 0) return problems;
    return differences(JSON.parse(text) as Record<string, string>, await hashesOf(folder, tree));
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (code === "ENOENT") return [`files of it are missing: ${again}`];
    if (code === "EACCES") return [`the panel cannot read its files: ${again}`];
    throw error;
  }
}

function differences(before: Readonly<Record<string, string>>, now: ReadonlyMap<string, string>): string[] {
  const paths = [...new Set([...Object.keys(before), ...now.keys()])].filter((path) => before[path] !== now.get(path));
  if (paths.length === 0) return [];
  const named = some(paths.map((path) => ({ path })));
  return [`${named}: changed, added or removed after it was installed: ${again}`];
}

function installedTree(folder: string): Promise<Tree> {
  return readTree(folder, (path) => path === fileList || panelLinks.has(path));
}

async function hashesOf(folder: string, { entries }: Tree): Promise<Map<string, string>> {
  const ofKind = (kind: string) => entries.filter((entry) => entry.kind === kind).map(({ path }) => path);
  const hashes = await hashFiles(folder, ofKind("file"));
  for (const path of ofKind("link")) hashes.set(path, `to ${await readlink(join(folder, path))}`);
  return new Map([...hashes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function describe(folder: string, tree: Tree): Promise<string> {
  return `${JSON.stringify(Object.fromEntries(await hashesOf(folder, tree)))}\n`;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
