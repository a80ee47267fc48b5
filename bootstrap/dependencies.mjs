import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listPlugins, root, SetupError, say } from "./checkout.mjs";
import { runOrStop } from "./run.mjs";
import { dependencyStamp, nativeTarget, readStamp, writeStamp } from "./stamp.mjs";
import { ensureToolchain, findNodeHeaders } from "./toolchain.mjs";

const stampFile = join(root, "node_modules", ".patchbay-stamp");
const heartbeatMs = 15_000;

/** True when what is installed is what the lock file and the workspaces ask for. */
export function dependenciesAreFresh() {
  return readStamp(stampFile) === dependencyStamp();
}

async function npm(...args) {
  const headers = findNodeHeaders();
  const env = { ...process.env, NODE_ENV: "" };
  if (headers !== undefined) env.npm_package_config_node_gyp_nodedir = headers;
  const started = Date.now();
  const beat = setInterval(() => say(`still working, ${Math.round((Date.now() - started) / 1000)} s`), heartbeatMs);
  try {
    return await runOrStop("npm", [...args, "--no-audit", "--no-fund", "--no-update-notifier"], { env });
  } finally {
    clearInterval(beat);
  }
}

// `npm ci` refuses a lock file that does not know a plugin somebody has just put into plugins/.
function lockKnowsEveryPlugin() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return listPlugins().every((id) => Object.hasOwn(packages, `plugins/${id}`));
}

// A first install follows the lock file to the letter. Later ones only add what changed: nothing that is already
// compiled is compiled again, and the lock file is never written.
async function install() {
  const strict = process.env.CI === "true";
  const first = !existsSync(join(root, "node_modules"));
  if (strict || (first && lockKnowsEveryPlugin())) return (await npm("ci")) === 0;
  return (await npm("install", "--no-save")) === 0;
}

const hasSqlite = () => existsSync(join(root, "node_modules/sqlite3/build/Release/node_sqlite3.node"));

// Another Node cannot load what the former one compiled.
async function rebuildNatives(formerStamp) {
  const moved = formerStamp !== "" && !formerStamp.startsWith(`${nativeTarget} `);
  if (moved && existsSync(join(root, "node_modules/better-sqlite3"))) await npm("rebuild", "better-sqlite3");
  if (moved || !hasSqlite()) await npm("rebuild", "sqlite3");
  if (!hasSqlite()) throw new SetupError("the sqlite3 module has not been built; see the compiler's message above");
}

/**
 * Installs the npm dependencies. Throws SetupError when that fails. The faster database driver is optional: when it cannot
 * be compiled npm leaves it out, and the other one is used.
 */
export async function ensureDependencies() {
  const formerStamp = readStamp(stampFile);
  await ensureToolchain();
  say("installing npm dependencies (the first time this compiles SQLite and takes about two minutes)");
  if (!(await install())) {
    throw new SetupError(
      "npm could not install the dependencies; its message is above. Usual causes: no way to the package registry, " +
        "or no compiler (python3, make, g++). Once mended, the same command goes on.",
    );
  }
  await rebuildNatives(formerStamp);
  writeStamp(stampFile, dependencyStamp());
}
