import { createHash } from "node:crypto";
import { chownSync, existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/** All files below a directory. */
export function filesUnder(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** Digest of every file below a directory, by its path relative to it. */
export function digestsUnder(dir: string): Record<string, string> {
  const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
  return Object.fromEntries(
    filesUnder(dir)
      .map((file): [string, string] => [relative(dir, file), digest(file)])
      .sort(),
  );
}

/** Files below a directory whose name or text holds one of these words. */
export function filesNaming(dir: string, words: readonly string[]): string[] {
  return filesUnder(dir).filter((file) => {
    const text = `${relative(dir, file)}\n${readFileSync(file, "utf8")}`;
    return words.some((word) => text.includes(word));
  });
}

/** Writes a file into a home so that it belongs to the account. */
export function writeIntoHome(home: string, path: string, text: string): void {
  const file = join(home, path);
  writeFileSync(file, text);
  if (process.getuid?.() !== 0) return;
  const { uid } = lstatSync(home);
  chownSync(file, uid, uid);
}

/** A page that tells as whom it runs. */
export const whoami = '<?php echo "uid=", posix_geteuid();';
