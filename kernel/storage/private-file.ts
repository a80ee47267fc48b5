import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";

/** Replaces a file that only the panel may read, durably and in one step. */
export function writePrivate(file: string, content: string | Buffer): void {
  const handle = openSync(`${file}.new`, "w", 0o600);
  try {
    if (typeof content === "string") writeSync(handle, content);
    else writeSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.new`, file);
}

/** The text of a file, or undefined when there is none. */
export function readPrivate(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Removes a file that has served its purpose. */
export function removePrivate(file: string): void {
  rmSync(file, { force: true });
}
