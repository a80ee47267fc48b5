import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** All files below a directory, absolute and sorted. Transactions under way (`.tx`) are no configuration. */
export function listFiles(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const found = readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === ".tx") return [];
    const path = join(dir, entry.name);
    return entry.isDirectory() ? listFiles(path) : [path];
  });
  return found.sort();
}

/** Digest, mode and owner of every file by relative path: two trees that serve the same are equal. */
export function readTree(dir: string): Readonly<Record<string, string>> {
  return describe(dir, (file) => {
    const { mode, uid, gid } = lstatSync(file);
    return `${createHash("sha256").update(readFileSync(file)).digest("hex")} ${mode.toString(8)} ${uid}:${gid}`;
  });
}

/** What changes whenever a file is written, even with the same bytes. */
export function readTouches(dir: string): Readonly<Record<string, string>> {
  return describe(dir, (file) => {
    const { ino, mtimeNs, size } = lstatSync(file, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  });
}

function describe(dir: string, tell: (file: string) => string): Readonly<Record<string, string>> {
  return Object.fromEntries(listFiles(dir).map((file) => [relative(dir, file), tell(file)]));
}

/** Files below a directory whose name or text holds one of these words. Absolute. */
export function filesNaming(dir: string, words: readonly string[]): string[] {
  return listFiles(dir).filter((file) => {
    const text = `${relative(dir, file)}\n${readFileSync(file, "utf8")}`;
    return words.some((word) => text.includes(word));
  });
}
