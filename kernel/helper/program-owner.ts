import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errorCode } from "./errors.ts";

const longestChain = 20;

/**
 * True when nobody but root decides what is at this absolute path: every directory on the way, every link and the file belong
 * to root and nobody else may write to them. Also true for a file that is not there yet, when only root could put it there.
 */
export function isRootsAlone(path: string, links = 0): boolean {
  if (links > longestChain) return false;
  const names = path.split("/").filter(Boolean);
  let at = "/";
  for (const [index, name] of ["", ...names].entries()) {
    at = join(at, name);
    const stat = statOf(at);
    if (stat === undefined) return true;
    if (stat === "hidden" || stat.uid !== 0) return false;
    if (stat.isSymbolicLink()) {
      const target = resolve(dirname(at), readlinkSync(at));
      return isRootsAlone(join(target, ...names.slice(index)), links + 1);
    }
    if ((stat.mode & 0o022) !== 0) return false;
    const last = index === names.length;
    if (last ? !stat.isFile() : !stat.isDirectory()) return false;
  }
  return true;
}

function statOf(path: string): Stats | "hidden" | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    return errorCode(error) === "ENOENT" ? undefined : "hidden";
  }
}
