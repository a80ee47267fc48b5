import { linkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readJson } from "./durable.ts";
import { errorCode } from "./errors.ts";
import { bootId, isRunning, readProcess } from "./processes.ts";

interface Holder {
  readonly pid: number;
  readonly startTime: string;
  readonly boot: string;
}

/**
 * Takes the lock of an instance: one helper for one data directory. Returns what gives it back. A lock whose holder died
 * is taken over. Throws `already running (pid N)` when the holder lives.
 */
export function acquireLock(path: string): () => void {
  const own = `${path}.${process.pid}`;
  const me: Holder = { pid: process.pid, startTime: readProcess(process.pid)?.startTime ?? "", boot: bootId() };
  writeFileSync(own, JSON.stringify(me), { mode: 0o600 });
  try {
    while (!tryLink(own, path)) takeOver(path);
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
  };
}

// link(2) makes the whole lock file appear at once, or fails.
function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

// Of several that find a stale lock only one can move it away; who moved a living one by mistake puts it back.
function takeOver(path: string): void {
  refuseIfHeld(readHolder(path));
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  try {
    refuseIfHeld(readHolder(aside));
  } catch (error) {
    tryLink(aside, path);
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function refuseIfHeld(holder: Holder | undefined): void {
  if (holder === undefined || holder.boot !== bootId()) return;
  if (isRunning(holder.pid, holder.startTime)) throw new Error(`already running (pid ${holder.pid})`);
}

function readHolder(path: string): Holder | undefined {
  const holder = readJson(path) as Partial<Holder> | undefined;
  if (typeof holder?.pid !== "number") return undefined;
  return { pid: holder.pid, startTime: String(holder.startTime), boot: String(holder.boot) };
}
