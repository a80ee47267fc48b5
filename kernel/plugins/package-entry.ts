import { readFileSync, statSync } from "node:fs";
import { join, normalize } from "node:path";

/** Conditions under which Node imports a module, in no order: that of the package.json decides. */
const conditions = new Set(["import", "node", "default", "module-sync"]);

/**
 * The file that is imported when the package in this folder is: its `exports["."]`, else `main`, else `index.js`. Absolute.
 * Throws, with the reason for people, when there is none or it lies outside of the package.
 */
export function packageEntry(dir: string): string {
  const { exports, main } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as PackageEntries;
  const named = exports === undefined || exports === null ? (main ?? "index.js") : target(exports);
  if (named === undefined) throw new Error('its package.json exports nothing as ".": name the built file there');
  const path = normalize(named);
  if (path.startsWith("..") || path.startsWith("/")) throw new Error("its entry lies outside of the package");
  const file = join(dir, path);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(`its entry ${path} is not there: build the plugin first, and list the file under "files"`);
  }
  return file;
}

interface PackageEntries {
  readonly exports?: unknown;
  readonly main?: string;
}

function target(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(target).find((one) => one !== undefined);
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, ".")) return target((value as Record<string, unknown>)["."]);
  for (const [condition, below] of Object.entries(value)) {
    const found = conditions.has(condition) ? target(below) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
