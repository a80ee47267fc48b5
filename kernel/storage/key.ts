import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readPrivate, writePrivate } from "./private-file.ts";

/** The instance's 32-byte key. Throws when it is missing: without it nothing sealed can be read and nothing verified. */
export function readKey(panel: string): Buffer {
  const file = join(panel, "key");
  if (!existsSync(file)) throw new Error("the key of this instance is missing");
  const key = readFileSync(file);
  if (key.length !== 32) throw new Error("the key of this instance is damaged");
  return key;
}

/** The instance's key, made on the first start. A database without its key is refused instead of given a new one. */
export function ensureKey(panel: string): Buffer {
  if (!existsSync(join(panel, "key")) && !existsSync(join(panel, "panel.db"))) {
    writePrivate(join(panel, "key"), randomBytes(32));
  }
  return readKey(panel);
}

/** A number that grows with every start of a kernel: the helper refuses a kernel that was replaced. */
export function nextEpoch(panel: string): number {
  const file = join(panel, "epoch");
  const epoch = Number(readPrivate(file) ?? 0) + 1;
  writePrivate(file, String(epoch));
  return epoch;
}
