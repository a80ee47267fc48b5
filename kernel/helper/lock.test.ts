import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { acquireLock } from "./lock.ts";
import { bootId, readProcess } from "./processes.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-lock-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("the lock", () => {
  it("is held until it is given back", () => {
    const path = join(dir, "lock");
    const release = acquireLock(path);
    expect(() => acquireLock(path)).toThrow(`already running (pid ${process.pid})`);
    release();
    acquireLock(path)();
    expect(readdirSync(dir)).toEqual([]);
  });

  it("of a dead, a reused, a zombie, an unreadable and a rebooted holder is taken over", async () => {
    const path = join(dir, "lock");
    const child = spawn("/usr/bin/sleep", ["60"]);
    const dead = { pid: child.pid ?? 0, startTime: readProcess(child.pid ?? 0)?.startTime, boot: bootId() };
    writeFileSync(path, JSON.stringify(dead));
    expect(() => acquireLock(path)).toThrow(`already running (pid ${dead.pid})`);
    child.kill("SIGKILL");
    await once(child, "exit");
    const self = { pid: process.pid, startTime: readProcess(process.pid)?.startTime, boot: bootId() };
    const stale = [dead, { ...self, startTime: "1" }, { ...self, boot: "other" }, "cut"].map((lock) =>
      JSON.stringify(lock),
    );
    for (const text of [...stale, "{", await zombie()]) {
      writeFileSync(path, text);
      const release = acquireLock(path);
      expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: process.pid });
      release();
    }
    expect(readdirSync(dir)).toEqual([]);
  });
});

// A child that nobody waits for: its parent is a process that only sleeps.
async function zombie(): Promise<string> {
  const parent = spawn("/usr/bin/python3", [
    "-c",
    "import os,time\np=os.fork()\nif p==0: os._exit(0)\nprint(p,flush=True)\ntime.sleep(20)",
  ]);
  const [output] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(output.toString());
  for (let round = 0; round < 100 && readProcess(pid)?.state !== "Z"; round += 1)
    await new Promise((done) => setTimeout(done, 10));
  expect(readProcess(pid)?.state).toBe("Z");
  const text = JSON.stringify({ pid, startTime: readProcess(pid)?.startTime, boot: bootId() });
  setTimeout(() => parent.kill("SIGKILL"), 500);
  return text;
}
