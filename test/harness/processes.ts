import { readdirSync, readFileSync } from "node:fs";

export interface Running {
  readonly pid: number;
  readonly command: string;
  readonly uid: number;
}

/** All processes of the machine that are not zombies. */
export function runningProcesses(): Running[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const state = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
        return state === "Z" ? [] : [{ pid: Number(pid), command, uid }];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}

/** Processes whose command line names a directory. */
export function processesUnder(dir: string): Running[] {
  return runningProcesses().filter(({ command }) => command.includes(dir));
}

export function processesOf(uid: number): Running[] {
  return runningProcesses().filter((entry) => entry.uid === uid);
}

export function isAlive(pid: number): boolean {
  return runningProcesses().some((entry) => entry.pid === pid);
}
