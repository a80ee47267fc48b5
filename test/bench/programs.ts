import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Folder of the checkout. This file runs from `dist/<folder>/`. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where a program of the system is, or undefined. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** What a program prints on both streams. */
export function outputOf(path: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(path, args, { encoding: "utf8" });
  return `${stdout}${stderr}`;
}

interface Apt {
  canInstallPackages(): boolean;
  installPackages(names: readonly string[]): Promise<readonly string[]>;
}

/** Path of wrk, installed from the distribution's packages when that is possible without asking; undefined otherwise. */
export async function ensureWrk(): Promise<string | undefined> {
  const present = findProgram("wrk");
  if (present !== undefined) return present;
  const apt = (await import(pathToFileURL(join(root, "bootstrap", "apt.mjs")).href)) as Apt;
  if (!apt.canInstallPackages()) return undefined;
  await apt.installPackages(["wrk"]);
  return findProgram("wrk");
}

/** Arguments for Node that run a part of this benchmark in a process of its own. */
export function partArgv(part: string, ...args: readonly string[]): string[] {
  const main = pathToFileURL(join(root, "dist", "bench", "main.js")).href;
  const code = `import(${JSON.stringify(main)}).then((bench) => bench.main(process.argv.slice(1)))`;
  return ["--input-type=module", "-e", code, "--", part, ...args];
}
