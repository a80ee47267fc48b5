import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Flushes the entries of a directory to disk. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Replaces a file of the helper's own as a whole: after a crash it is the old or the new one. Mode 0600. */
export function writeDurable(path: string, text: string): void {
  replaceFile(path, text, true);
  syncDirectory(dirname(path));
}

/** Like `writeDurable`, but only safe against the death of the process, not of the machine. */
export function writeWhole(path: string, text: string): void {
  replaceFile(path, text, false);
}

function replaceFile(path: string, text: string, flush: boolean): void {
  const temporary = `${path}.tmp`;
  try {
    const fd = openSync(temporary, "w", 0o600);
    try {
      writeFileSync(fd, text);
      if (flush) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A JSON file of the helper's own. Undefined when it is absent or was cut off. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as unknown;
  } catch {
    return undefined;
  }
}

/** `lstat`, undefined for absent. Also absent when a parent is no directory. */
export function lstatIf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as { code?: string }).code === "ENOTDIR") return undefined;
    throw error;
  }
}

/**
 * Makes a directory with its owner and mode, or mends them. Throws when something else is in its place: a symlink is
 * never followed. `owner` undefined: whoever runs the helper.
 */
export function ensureDirectory(path: string, mode: number, owner: Owner | undefined): void {
  const stat = lstatIf(path);
  if (stat === undefined) mkdirSync(path, { recursive: true, mode: 0o700 });
  else if (!stat.isDirectory()) throw new Error(`${path} is not a directory`);
  else if ((stat.mode & 0o7777) === mode && (owner === undefined || (stat.uid === owner.uid && stat.gid === owner.gid)))
    return;
  // What was looked at is what is changed.
  const fd = openSync(path, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}
