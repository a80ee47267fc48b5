import { spawn } from "node:child_process";
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import type { Owner } from "./durable.ts";
import { HelperError } from "./errors.ts";
import type { GrantedService } from "./grants.ts";
import { isRunning, killGroup, listPids, readProcess, sendSignal } from "./processes.ts";
import { spawnError } from "./program.ts";

/** A process that is meant to stay. */
export interface Daemon {
  readonly pid: number;
  readonly startTime: string;
  /** Milliseconds since the helper started. */
  readonly since: number;
  /** Resolves when it is gone. */
  readonly exited: Promise<void>;
}

const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C" };
const pollMs = 100;
const killWaitMs = 2000;

/**
 * Starts a daemon in the foreground and in its tree, in a process group of its own. It outlives the helper. Throws
 * `unavailable` when the program is missing.
 */
export async function spawnDaemon(
  { argv, outFile, tree }: Pick<GrantedService, "argv" | "outFile" | "tree">,
  as: Owner | undefined,
): Promise<Daemon> {
  const [program = "", ...args] = argv;
  const out = openForOutput(outFile);
  try {
    const identity = as ?? {};
    const child = spawn(program, args, {
      cwd: tree,
      env: environment,
      detached: true,
      stdio: ["ignore", out, out],
      ...identity,
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const failed = new Promise<never>((_, reject) =>
      child.once("error", (error) => reject(spawnError(program, error))),
    );
    failed.catch(() => {});
    const { pid } = child;
    if (pid === undefined) return await failed;
    return { pid, startTime: readProcess(pid)?.startTime ?? "", since: performance.now(), exited };
  } finally {
    closeSync(out);
  }
}

/** Watches a daemon that an earlier helper started. Undefined when it does not live any more. */
export function adoptDaemon(pid: number, startTime: string): Daemon | undefined {
  if (!isRunning(pid, startTime)) return undefined;
  const exited = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (isRunning(pid, startTime)) return;
      clearInterval(timer);
      resolve();
    }, pollMs);
    timer.unref();
  });
  return { pid, startTime, since: performance.now(), exited };
}

/** A daemon whose start was not recorded any more because the helper died: its output still goes to `outFile`. */
export function findOrphan(outFile: string): Daemon | undefined {
  for (const pid of listPids()) {
    const stat = readProcess(pid);
    if (stat === undefined || stat.group !== pid || !writesTo(pid, outFile)) continue;
    const daemon = adoptDaemon(pid, stat.startTime);
    if (daemon !== undefined) return daemon;
  }
  return undefined;
}

/** Asks a daemon to end, kills it and its children when it does not, and waits until it is gone. */
export async function endDaemon(daemon: Daemon, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (isRunning(daemon.pid, daemon.startTime)) sendSignal(daemon.pid, signal);
  if (!(await within(daemon.exited, timeoutMs))) {
    killGroup(daemon.pid, daemon.startTime);
    if (!(await within(daemon.exited, killWaitMs))) throw new HelperError("unavailable", "the daemon cannot be ended");
  }
  killGroup(daemon.pid, daemon.startTime);
}

/** True when the promise is settled in time. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Size of a log, so that what is added later can be told apart. */
export function logSize(outFile: string): number {
  const fd = openLog(outFile);
  try {
    return fstatSync(fd).size;
  } finally {
    closeSync(fd);
  }
}

/** What was added to a log since, at most 8 KiB. */
export function logTail(outFile: string, from: number): string {
  const fd = openLog(outFile);
  try {
    const start = Math.max(from, fstatSync(fd).size - 8192);
    const buffer = Buffer.alloc(8192);
    return buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, start));
  } finally {
    closeSync(fd);
  }
}

// The directory may belong to the web user: a link or a pipe planted there must not be opened by root.
function openLog(path: string): number {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = openSync(path, flags, 0o640);
  const stat = fstatSync(fd);
  if (stat.isFile() && stat.nlink === 1) return fd;
  closeSync(fd);
  throw new HelperError("conflict", "the log of the daemon is not a plain file");
}

// Daemons hand it down to what they start, some to programs of tenants: those must not read what was written before.
function openForOutput(path: string): number {
  const checked = openLog(path);
  try {
    return openSync(`/proc/self/fd/${checked}`, constants.O_WRONLY | constants.O_APPEND);
  } finally {
    closeSync(checked);
  }
}

// Both are looked at: a daemon may give one of them up as soon as it is up, and not every daemon the same.
function writesTo(pid: number, outFile: string): boolean {
  return [1, 2].some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === outFile;
    } catch {
      return false;
    }
  });
}
