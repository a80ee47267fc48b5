import { copyFileSync, linkSync, mkdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OnStep } from "./crash-points.ts";
import { digestOf } from "./digest.ts";
import { ensureDirectory, lstatIf, syncDirectory } from "./durable.ts";
import { errorCode } from "./errors.ts";
import type { Journal, JournalFile } from "./journal.ts";
import { changedByAnother, parentsOf, type StagedFile, type StagingArea } from "./staging.ts";

/** Keeps the live files that will be replaced and says what the journal must hold. Touches nothing live. */
export async function backUp(
  area: StagingArea,
  etc: string,
  files: readonly StagedFile[],
  step: OnStep,
): Promise<Pick<Journal, "files" | "directories">> {
  const entries: JournalFile[] = [];
  const directories = new Set<string>();
  for (const { plugin, path, kind, expect } of files) {
    const live = join(etc, plugin, path);
    if ((await digestOf(live)) !== expect) throw changedByAnother(plugin, path);
    if (expect !== null) keep(live, area.backup(plugin, path), area);
    if (kind === "write") for (const parent of parentsOf(path)) directories.add(`${plugin}/${parent}`);
    entries.push({ plugin, path, kind, existed: expect !== null });
    step("apply.swap:after-backup");
  }
  const missing = [...directories].filter((directory) => lstatIf(join(etc, directory)) === undefined);
  syncParents(entries.filter((entry) => entry.existed).map((entry) => area.backup(entry.plugin, entry.path)));
  return { files: entries, directories: missing };
}

/** Exchanges the files. Only after the journal is on disk. */
export function exchange(area: StagingArea, etc: string, journal: Journal, step: OnStep): void {
  for (const directory of journal.directories) {
    mkdirSync(join(etc, directory));
    ensureDirectory(join(etc, directory), 0o750, area.owner);
  }
  for (const file of journal.files) {
    const live = join(etc, file.plugin, file.path);
    if (file.kind === "write") renameSync(area.fresh(file.plugin, file.path), live);
    else rmSync(live, { force: true });
    step("apply.swap:after-rename");
  }
  syncLive(etc, journal);
}

/** Puts everything back that `exchange` did, however far it came. May be called again. */
export function restore(area: StagingArea, etc: string, journal: Journal, step: OnStep): void {
  for (const file of journal.files) {
    restoreFile(area, join(etc, file.plugin, file.path), file);
    step("apply.rollback:after-restore");
  }
  for (const directory of journal.directories.toReversed()) removeEmpty(join(etc, directory));
  syncLive(etc, journal);
}

function restoreFile(area: StagingArea, live: string, file: JournalFile): void {
  const backup = area.backup(file.plugin, file.path);
  if (file.existed) {
    // Without a backup it is back already. Renaming onto another name of the same file does nothing, as it should.
    if (lstatIf(backup) !== undefined) renameSync(backup, live);
    return;
  }
  const notYetSwapped = lstatIf(area.fresh(file.plugin, file.path)) !== undefined;
  if (file.kind === "write" && !notYetSwapped) rmSync(live, { force: true });
}

function keep(live: string, backup: string, area: StagingArea): void {
  area.makeDirectory(dirname(backup));
  rmSync(backup, { force: true });
  try {
    linkSync(live, backup);
  } catch (error) {
    if (errorCode(error) !== "EXDEV" && errorCode(error) !== "EMLINK" && errorCode(error) !== "EPERM") throw error;
    copyFileSync(live, backup);
  }
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    // Somebody else's file in it: it stays.
    if (errorCode(error) !== "ENOENT" && errorCode(error) !== "ENOTEMPTY") throw error;
  }
}

function syncLive(etc: string, journal: Journal): void {
  const files = journal.files.map((file) => join(etc, file.plugin, file.path));
  syncParents([...files, ...journal.directories.map((directory) => join(etc, directory))]);
}

function syncParents(paths: readonly string[]): void {
  for (const directory of new Set(paths.map((path) => dirname(path)))) {
    if (lstatIf(directory) !== undefined) syncDirectory(directory);
  }
}
