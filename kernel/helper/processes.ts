import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";

/** What `/proc/<pid>/stat` says of a process. */
export interface ProcessStat {
  readonly pid: number;
  /** One letter; `Z` is a dead process that nobody has waited for. */
  readonly state: string;
  readonly group: number;
  /** Clock ticks since boot: with the pid it names one process for ever. */
  readonly startTime: string;
}

/** Undefined when there is no such process. */
export function readProcess(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  // The name in brackets may hold anything, brackets and blanks included.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const startTime = fields[19];
  if (state === undefined || group === undefined || startTime === undefined) return undefined;
  return { pid, state, group: Number(group), startTime };
}

/** True while exactly this process lives. A zombie is dead: some init processes reap late. */
export function isRunning(pid: number, startTime: string): boolean {
  const stat = readProcess(pid);
  return stat !== undefined && stat.startTime === startTime && stat.state !== "Z" && stat.state !== "X";
}

/** True when the process has a handler for the signal, so that the signal does not end it. */
export function catches(pid: number, signal: NodeJS.Signals): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(readProc(`/proc/${pid}/status`))?.[1];
  if (mask === undefined) return false;
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

/** Processes a process has started and that nobody has waited for yet. */
export function childrenOf(pid: number): number[] {
  return readProc(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** What a process calls itself: its arguments, which some daemons overwrite. Empty when it is gone. */
export function titleOf(pid: number): string {
  return readProc(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

/** All processes there are now. */
export function listPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Living processes with this real or effective uid. */
export function pidsOfUid(uid: number): number[] {
  return listPids().filter((pid) => {
    const status = readProc(`/proc/${pid}/status`);
    const uids = /^Uid:\s*(\d+)\s+(\d+)/m.exec(status);
    if (uids === null || /^State:\s*[ZX]/m.test(status)) return false;
    return Number(uids[1]) === uid || Number(uids[2]) === uid;
  });
}

/** Bytes of memory a process uses now. 0 when it is gone. */
export function memoryOf(pid: number): number {
  return residentBytes(readProc(`/proc/${pid}/status`));
}

/** Bytes of memory by real uid, of everything that runs. */
export function memoryByUid(): ReadonlyMap<number, number> {
  const used = new Map<number, number>();
  for (const pid of listPids()) {
    const status = readProc(`/proc/${pid}/status`);
    const uid = Number(/^Uid:\s*(\d+)/m.exec(status)?.[1] ?? Number.NaN);
    used.set(uid, (used.get(uid) ?? 0) + residentBytes(status));
  }
  return used;
}

/** Sends a signal; false when the process is gone. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/**
 * Ends what is left of a process group after its leader died: workers that would keep a port. Does nothing when the
 * leader's number already belongs to another process.
 */
export function killGroup(leader: number, startTime: string): void {
  const stat = readProcess(leader);
  if (stat !== undefined && stat.startTime !== startTime) return;
  sendSignal(-leader, "SIGKILL");
}

/** Identity of this boot: pids and start times mean nothing in another. */
export function bootId(): string {
  return readProc("/proc/sys/kernel/random/boot_id").trim();
}

function residentBytes(status: string): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
