import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, SetupError, say } from "./checkout.mjs";
import { runOrStop } from "./run.mjs";
import { readStamp, sourceLook, sourceStamp, writeStamp } from "./stamp.mjs";

const stampFile = join(root, "dist", ".stamp");
const lookFile = join(root, "dist", ".look");

/** True when `dist/` was built from the sources there are. */
export function bundleIsFresh() {
  const stamp = readStamp(stampFile);
  const look = `${sourceLook()} ${stamp}`;
  if (stamp !== "" && readStamp(lookFile) === look) return true;
  if (stamp !== sourceStamp()) return false;
  rememberLook(look);
  return true;
}

// Together with the stamp it was compared under, so that it never speaks for another build.
function rememberLook(look) {
  try {
    writeStamp(lookFile, look);
  } catch {
    // The checkout is somebody else's: then the sources are read at each start.
  }
}

/** Builds `dist/`. In a process of its own: the bundler's memory goes with it. Throws SetupError when it fails. */
export async function ensureBundle() {
  const stamp = sourceStamp();
  const started = Date.now();
  if ((await runOrStop(process.execPath, [join(root, "bootstrap", "build.mjs")])) !== 0) {
    throw new SetupError("the build failed; the bundler's message is above");
  }
  if (!existsSync(join(root, "dist"))) throw new SetupError("the build wrote nothing");
  // The stamp is of the sources as they were before: a file saved meanwhile makes the next start build again.
  writeStamp(stampFile, stamp);
  say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
