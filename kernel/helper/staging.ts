import { rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { OnStep } from "./crash-points.ts";
import { digestOf, mapLimited } from "./digest.ts";
import { ensureDirectory, lstatIf, type Owner } from "./durable.ts";
import { HelperError } from "./errors.ts";

/** A file as the kernel wants it, and as it believes it is. */
export interface WantedFile {
  readonly path: string;
  /** Null: there shall be no file. */
  readonly content: string | null;
  /** Digest of what is there now, null for nothing. */
  readonly expect: string | null;
}

export interface StagedFile {
  readonly plugin: string;
  readonly path: string;
  readonly kind: "write" | "remove";
  readonly expect: string | null;
}

/** Directory of one transaction, beside the live trees: `new/`, `old/` and `shadow/`, each `<plugin>/<path>`. */
export class StagingArea {
  readonly dir: string;
  /** Owner of configuration files: root, readable by the web group. Undefined: the helper's own user. */
  readonly owner: Owner | undefined;

  constructor(root: string, tx: string, owner: Owner | undefined) {
    this.dir = join(root, tx);
    this.owner = owner;
  }

  fresh(plugin: string, path: string): string {
    return join(this.dir, "new", plugin, path);
  }

  backup(plugin: string, path: string): string {
    return join(this.dir, "old", plugin, path);
  }

  shadow(plugin: string): string {
    return join(this.dir, "shadow", plugin);
  }

  /** Makes a directory of the area with its parents, readable by the daemons. */
  makeDirectory(path: string): void {
    if (path !== this.dir) this.makeDirectory(dirname(path));
    ensureDirectory(path, 0o750, this.owner);
  }

  clear(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * Writes files into the area and flushes them. Throws `conflict` naming the first file that is not as the kernel believes;
 * nothing live is touched.
 */
export async function stageFiles(
  area: StagingArea,
  at: { readonly plugin: string; readonly tree: string },
  files: readonly WantedFile[],
  step: OnStep,
): Promise<StagedFile[]> {
  assertPlainTree(at.tree, files);
  area.makeDirectory(area.dir);
  const directories = new Set(files.map((file) => dirname(area.fresh(at.plugin, file.path))));
  for (const directory of directories) area.makeDirectory(directory);
  return mapLimited(files, async ({ path, content, expect }) => {
    if ((await digestOf(join(at.tree, path))) !== expect) throw changedByAnother(at.plugin, path);
    const target = area.fresh(at.plugin, path);
    rmSync(target, { force: true });
    if (content !== null) await writeFlushed(target, content, area.owner);
    step("apply.stage:after-file");
    return { plugin: at.plugin, path, kind: content === null ? "remove" : "write", expect } as const;
  });
}

export function changedByAnother(plugin: string, path: string): HelperError {
  return new HelperError("conflict", `the file ${plugin}/${path} was changed by another hand`);
}

// A link in the place of a directory would lead the writes elsewhere.
function assertPlainTree(tree: string, files: readonly WantedFile[]): void {
  const directories = new Set(files.flatMap((file) => parentsOf(file.path)));
  for (const directory of ["", ...directories]) {
    const stat = lstatIf(join(tree, directory));
    if (stat === undefined || stat.isDirectory()) continue;
    throw new HelperError("conflict", `${directory === "" ? "the configuration tree" : directory} is not a directory`);
  }
}

/** The directories above a relative path, outermost first. */
export function parentsOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}

async function writeFlushed(path: string, content: string, owner: Owner | undefined): Promise<void> {
  const file = await open(path, "wx", 0o640);
  try {
    await file.writeFile(content);
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    await file.chmod(0o640);
    await file.datasync();
  } finally {
    await file.close();
  }
}
