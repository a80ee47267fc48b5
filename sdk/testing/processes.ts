import { existsSync, readdirSync, readFileSync } from "node:fs";

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

/** Processes that were given a directory, by their command line or their environment. */
export function processesUnder(dir: string): Running[] {
  return runningProcesses().filter(({ pid, command }) => command.includes(dir) || environmentOf(pid).includes(dir));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return ""; // It ended meanwhile, or it is somebody else's.
  }
}

/** Processes of the users an instance has for itself when it runs as root. */
export function processesOfRange(rangeFile: string): Running[] {
  if (!existsSync(rangeFile)) return [];
  const { base } = JSON.parse(readFileSync(rangeFile, "utf8")) as { base: number };
  return runningProcesses().filter(({ uid }) => uid >= base && uid < base + 10_000);
}

export function processesOf(uid: number): Running[] {
  return runningProcesses().filter((entry) => entry.uid === uid);
}

export function isAlive(pid: number): boolean {
  return runningProcesses().some((entry) => entry.pid === pid);
}
