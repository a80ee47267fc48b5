import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Manifest } from "@patchbay/sdk";

/** True when a binary exists; `*` in its name stands for a version. */
export function isThere(binary: string): boolean {
  if (!binary.includes("*")) return existsSync(binary);
  const [before = "", after = ""] = basename(binary).split("*");
  const dir = dirname(binary);
  if (!existsSync(dir)) return false;
  const shortest = before.length + after.length;
  return readdirSync(dir).some((name) => name.length > shortest && name.startsWith(before) && name.endsWith(after));
}

/** True when every system package a plugin needs is there. */
export function isInstalled(manifest: Manifest): boolean {
  return manifest.packages.every((needed) => isThere(needed.binary));
}
