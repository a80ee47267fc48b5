import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const setpriv = "/usr/bin/setpriv";

/**
 * How the guest program is run. `confined`: there is no user of its own to keep it from the panel's files, so that Node has
 * to: it reads the plugin's folder and the panel's code, writes nothing and starts no processes.
 */
export function guestArguments(options: {
  readonly program: string;
  readonly folder: string;
  readonly id: string;
  readonly memoryMb: number;
  readonly confined: boolean;
}): readonly string[] {
  const { confined, folder, id, memoryMb, program } = options;
  // It ends with the helper whatever becomes of the helper, and gets no rights it was not started with.
  const bound = existsSync(setpriv) ? [setpriv, "--pdeathsig", "KILL", "--no-new-privs", "--"] : [];
  const node = [process.execPath, `--max-old-space-size=${memoryMb}`, "--no-warnings"];
  const permissions = confined ? permissionArguments(realpathSync(dirname(dirname(program))), folder) : [];
  return [...bound, ...node, ...permissions, program, id];
}

function permissionArguments(dist: string, folder: string): string[] {
  const known = process.allowedNodeEnvironmentFlags;
  const flag = known.has("--permission") ? "--permission" : "--experimental-permission";
  // Each once, and none within another: Node 20 aborts on a path it knows already.
  const folders = [...new Set([folder, dist, ...moduleFolders(dist)])];
  const outermost = folders.filter((path) => !folders.some((other) => path.startsWith(`${other}/`)));
  const readable = outermost.map((path) => join(path, "*"));
  const network = known.has("--allow-net") ? ["--allow-net"] : [];
  return [flag, ...readable.map((path) => `--allow-fs-read=${path}`), ...network];
}

/** Where the panel's own dependencies are: beside its bundles, or around them when the panel is itself a package. */
function moduleFolders(dist: string): string[] {
  const found: string[] = [];
  for (let at = dirname(dist); at !== dirname(at); at = dirname(at)) {
    if (basename(at) === "node_modules") found.push(at);
    else if (existsSync(join(at, "node_modules"))) found.push(join(at, "node_modules"));
  }
  return [...found, ...found.map((path) => realpathSync(path))];
}
