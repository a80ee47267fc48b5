import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

const mark = "# written by patchbay while it installs packages";
const policy = `#!/bin/sh\n${mark}: they must not start their services\nexit 101\n`;

function isOurs(file) {
  return existsSync(file) && readFileSync(file, "utf8").includes(mark);
}

// What a set-up that was killed left behind goes first, so that it is never taken for the machine's own policy.
function restore(file) {
  if (isOurs(file)) rmSync(file);
  if (existsSync(`${file}.patchbay-saved`)) renameSync(`${file}.patchbay-saved`, file);
}

/**
 * Runs `work` while no package may start a service (Debian's policy-rc.d, "Policy-rc.d" in invoke-rc.d(8)). The
 * machine's own policy, if there is one, is put aside and comes back, also when `work` throws or the process exits.
 */
export async function withoutServiceStarts(work, file = "/usr/sbin/policy-rc.d") {
  restore(file);
  const undo = () => restore(file);
  process.once("exit", undo);
  try {
    if (existsSync(file)) renameSync(file, `${file}.patchbay-saved`);
    writeFileSync(file, policy, { mode: 0o755 });
    return await work();
  } finally {
    process.removeListener("exit", undo);
    undo();
  }
}
