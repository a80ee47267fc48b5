import { chmodSync, lstatSync, readdirSync, rmdirSync, type Stats, unlinkSync } from "node:fs";
import * as v from "valibot";

/** Work inside a home. Paths are relative to it. */
export const tenantJob = v.variant("kind", [
  v.strictObject({ kind: v.literal("usage") }),
  v.strictObject({ kind: v.literal("purge") }),
]);

export type TenantJob = v.InferOutput<typeof tenantJob>;

/** What a job answers; `message` never holds more than the relative path. */
export const tenantResult = v.union([
  v.strictObject({ ok: v.strictObject({ bytes: v.number(), inodes: v.number(), left: v.number() }) }),
  v.strictObject({ error: v.strictObject({ code: v.string(), message: v.string() }) }),
]);

export type TenantDone = { bytes: number; inodes: number; left: number };

const nothing: TenantDone = { bytes: 0, inodes: 0, left: 0 };

/** Runs a job in the current directory, which must be the home, as whoever runs this process. */
export function runTenantJob(job: TenantJob): TenantDone {
  if (job.kind === "usage") return measure(".");
  return { ...nothing, left: purge(".") };
}

/** Counts each inode once, links as links; what cannot be read counts by its own size. */
function measure(root: string): TenantDone {
  const seen = new Set<string>();
  const total = { ...nothing };
  const open = [root];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const stat = statOf(path);
    if (stat === undefined) continue;
    const key = `${stat.dev}:${stat.ino}`;
    if (stat.nlink > 1 && !stat.isDirectory()) {
      if (seen.has(key)) continue;
      seen.add(key);
    }
    total.bytes += stat.blocks * 512;
    total.inodes += 1;
    if (stat.isDirectory()) for (const name of namesIn(path)) open.push(`${path}/${name}`);
  }
  return total;
}

/** Deletes what is in a directory. Returns how many entries could not be deleted. */
function purge(directory: string): number {
  let left = 0;
  for (const name of namesIn(directory, true)) {
    const path = `${directory}/${name}`;
    const isDirectory = statOf(path)?.isDirectory() === true;
    if (isDirectory) left += purge(path);
    if (!attempt(() => (isDirectory ? rmdirSync(path) : unlinkSync(path)))) left += 1;
  }
  return left;
}

function namesIn(directory: string, open = false): string[] {
  if (open) attempt(() => chmodSync(directory, 0o700));
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
