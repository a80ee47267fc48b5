import { linkSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { lstatIf } from "./durable.ts";
import type { StagedFile, StagingArea } from "./staging.ts";

interface Branch {
  readonly files: Map<string, StagedFile>;
  readonly directories: Map<string, Branch>;
}

/**
 * Builds the tree a plugin would have after the swap: what stays is a link into the live tree, what changes is the staged
 * file. Costs one link per neighbour of a changed file, however large the rest of the tree is. Returns its path.
 */
export function buildShadow(
  area: StagingArea,
  at: { plugin: string; tree: string },
  files: readonly StagedFile[],
): string {
  const root: Branch = { files: new Map(), directories: new Map() };
  for (const file of files) grow(root, file);
  const shadow = area.shadow(at.plugin);
  rmSync(shadow, { recursive: true, force: true });
  area.makeDirectory(join(shadow, ".."));
  fill(area, shadow, at.tree, root);
  return shadow;
}

function grow(root: Branch, file: StagedFile): void {
  const names = file.path.split("/");
  const last = names.pop() ?? "";
  let branch = root;
  for (const name of names) {
    const next: Branch = branch.directories.get(name) ?? { files: new Map(), directories: new Map() };
    branch.directories.set(name, next);
    branch = next;
  }
  branch.files.set(last, file);
}

function fill(area: StagingArea, shadow: string, live: string, branch: Branch): void {
  mkdirSync(shadow);
  area.makeDirectory(shadow);
  const neighbours = lstatIf(live) === undefined ? [] : readdirSync(live);
  for (const name of neighbours) {
    if (!branch.files.has(name) && !branch.directories.has(name)) symlinkSync(join(live, name), join(shadow, name));
  }
  for (const [name, file] of branch.files) {
    if (file.kind === "write") linkSync(area.fresh(file.plugin, file.path), join(shadow, name));
  }
  for (const [name, next] of branch.directories) fill(area, join(shadow, name), join(live, name), next);
}
