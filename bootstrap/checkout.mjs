import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds package.json. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A reason the set-up cannot go on, in words for the person at the terminal. Shown without a stack. */
export class SetupError extends Error {}

/** Progress goes to standard error: standard output belongs to the command that is being run. */
export function say(text) {
  process.stderr.write(`patchbay: ${text}\n`);
}

/** Ids of the plugins in the checkout, sorted: every folder of `plugins/` with a package.json. `from`: of another folder. */
export function listPlugins(base = root, from = "plugins") {
  const folder = join(base, from);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "package.json")))
    .sort();
}

/** The parsed package.json below `folder` of the checkout. Throws SetupError when it is not JSON. */
export function readPackage(folder, base = root) {
  const file = join(base, folder, "package.json");
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new SetupError(`${join(folder, "package.json")} cannot be read: ${error.message}`);
  }
}
