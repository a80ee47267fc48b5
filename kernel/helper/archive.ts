import { closeSync, fsyncSync, lstatSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lstatIf, type Owner, syncDirectory } from "./durable.ts";
import { HelperError } from "./errors.ts";
import { runProgram } from "./program.ts";

const archiveName = /^[a-z][a-z0-9]{1,15}-\d{8}T\d{9}Z\.tar\.gz$/;
const partName = /^[a-z][a-z0-9]{1,15}-\d{8}T\d{9}Z\.tar\.gz\.part$/;
const timeoutMs = 1_800_000;
const environment = { PATH: "/usr/bin:/bin", LANG: "C" };

/** A name that is not taken yet: `<username>-<utc time>.tar.gz`. */
export function archiveFileName(dir: string, username: string, now: number): string {
  for (let at = now; ; at += 1) {
    const name = `${username}-${new Date(at).toISOString().replace(/[-:.]/g, "")}.tar.gz`;
    if (lstatIf(join(dir, name)) === undefined) return name;
  }
}

/**
 * Packs a home. `tar` runs as the account and only gets a descriptor of the archive, so it reads what the account may read
 * and writes nowhere. The archive appears under its name when it is whole.
 */
export async function packHome(
  at: { readonly home: string; readonly as: Owner | undefined },
  target: string,
  beforeRename: () => void,
): Promise<void> {
  const part = `${target}.part`;
  rmSync(part, { force: true });
  const fd = openSync(part, "wx", 0o600);
  try {
    const argv = ["/usr/bin/tar", "--create", "--gzip", "--file=-", "--numeric-owner", "--ignore-failed-read", "."];
    const result = await runProgram(argv, { as: at.as, cwd: at.home, env: environment, timeoutMs, stdout: fd });
    // 1: a file changed while it was read. The archive is whole all the same.
    if (result.code !== 0 && result.code !== 1) {
      throw new HelperError("unavailable", "the home cannot be archived", result.errors);
    }
    fsyncSync(fd);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  beforeRename();
  renameSync(part, target);
}

/** Removes what an archiving of this account left behind when it was cut off. */
export function removeParts(dir: string, username: string): void {
  for (const name of readdirSync(dir)) {
    if (partName.test(name) && name.startsWith(`${username}-`)) rmSync(join(dir, name), { force: true });
  }
}

/** Removes archives that are older than so many days. Returns how many. */
export function pruneArchives(dir: string, days: number, now: number): number {
  const old = readdirSync(dir).filter((name) => {
    if (!archiveName.test(name)) return false;
    return now - lstatSync(join(dir, name)).mtimeMs > days * 86_400_000;
  });
  for (const name of old) rmSync(join(dir, name), { force: true });
  if (old.length > 0) syncDirectory(dir);
  return old.length;
}
