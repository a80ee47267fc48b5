import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { errorCode, HelperError } from "./errors.ts";
import { isRunning, readProcess } from "./processes.ts";

const place = "/usr/sbin/policy-rc.d";
/** As in the set-up of a checkout: each cleans up after the other. */
const mark = "# written by patchbay while it installs packages";

/**
 * Runs `work` while no package may start a service (Debian's policy-rc.d, see invoke-rc.d(8)). The machine's own policy,
 * if there is one, is put aside and comes back, also when `work` throws or the process exits. Throws `unavailable` while
 * another process of ours does the same.
 */
export async function withoutServiceStarts<T>(work: () => Promise<T>, file = place): Promise<T> {
  if (writer(file) === "alive") throw busy();
  restore(file);
  const undo = () => restore(file);
  process.once("exit", undo);
  try {
    if (existsSync(file)) renameSync(file, saved(file));
    const self = readProcess(process.pid)?.startTime ?? "";
    const text = `#!/bin/sh\n${mark}: they must not start their services\n# process ${process.pid} ${self}\nexit 101\n`;
    writeFileSync(file, text, { mode: 0o755, flag: "wx" });
  } catch (error) {
    process.removeListener("exit", undo);
    throw errorCode(error) === "EEXIST" ? busy() : error;
  }
  try {
    return await work();
  } finally {
    process.removeListener("exit", undo);
    undo();
  }
}

/** Takes away what an installation that was killed left behind. Called at the start of a helper that is root. */
export function recoverServicePolicy(file = place): void {
  if (writer(file) === "gone") restore(file);
}

// What was left behind goes first, so that it is never taken for the machine's own policy.
function restore(file: string): void {
  if (writer(file) !== undefined) rmSync(file);
  if (existsSync(saved(file))) renameSync(saved(file), file);
}

/** Whether who wrote our policy lives; undefined when the policy is not ours. The set-up of a checkout gives no name. */
function writer(file: string): "alive" | "gone" | "unnamed" | undefined {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (!text.includes(mark)) return undefined;
  const [, pid, startTime = ""] = /^# process (\d+) (\d+)$/m.exec(text) ?? [];
  if (pid === undefined) return "unnamed";
  const isOther = Number(pid) !== process.pid;
  return isOther && isRunning(Number(pid), startTime) ? "alive" : "gone";
}

function saved(file: string): string {
  return `${file}.patchbay-saved`;
}

function busy(): HelperError {
  return new HelperError("unavailable", "packages are being installed on this server already. Try again later.");
}
