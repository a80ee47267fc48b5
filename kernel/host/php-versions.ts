import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Versions of PHP whose FPM is installed, newest first, `["8.3", "8.2"]`. */
export async function detectPhpVersions(directory = "/usr/sbin"): Promise<string[]> {
  const names = await readdir(directory);
  const versions = names.flatMap((name) => /^php-fpm(\d+\.\d+)$/.exec(name)?.[1] ?? []);
  const usable = await Promise.all(versions.map((version) => isExecutable(join(directory, `php-fpm${version}`))));
  return versions.filter((_, index) => usable[index]).sort(newestFirst);
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function newestFirst(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorB - majorA || minorB - minorA;
}
