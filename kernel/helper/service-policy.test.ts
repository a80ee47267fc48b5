import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readProcess } from "./processes.ts";
import { runProgram } from "./program.ts";
import { recoverServicePolicy, withoutServiceStarts } from "./service-policy.ts";

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-policy-"));
  file = join(dir, "policy-rc.d");
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const machines = "#!/bin/sh\nexit 104\n";
const verdict = async () => (await runProgram([file, "apache2", "start"], { timeoutMs: 5000 })).code;
/** A policy as a helper with this pid leaves it. */
const leftBy = async (pid: number, startTime = readProcess(pid)?.startTime) => {
  await withoutServiceStarts(async () => {
    const text = readFileSync(file, "utf8");
    writeFileSync(`${file}.copy`, text.replace(/^# process .*$/m, `# process ${pid} ${startTime}`));
  }, file);
  writeFileSync(file, readFileSync(`${file}.copy`));
  rmSync(`${file}.copy`);
};

it("forbids service starts while packages are installed, and no longer", async () => {
  const result = await withoutServiceStarts(async () => {
    expect(statSync(file).mode & 0o777).toBe(0o755);
    return verdict();
  }, file);
  expect([result, readdirSync(dir)]).toEqual([101, []]);
  const failed = withoutServiceStarts(() => Promise.reject(new Error("no luck")), file);
  await expect(failed).rejects.toThrow("no luck");
  expect(readdirSync(dir)).toEqual([]);
});

it("puts the machine's own policy aside and brings it back", async () => {
  writeFileSync(file, machines, { mode: 0o755 });
  expect(await withoutServiceStarts(verdict, file)).toBe(101);
  expect([readFileSync(file, "utf8"), readdirSync(dir)]).toEqual([machines, ["policy-rc.d"]]);
});

it("clears up after an installation that was killed, and never takes its policy for the machine's own", async () => {
  await leftBy(1, "1");
  writeFileSync(`${file}.patchbay-saved`, machines);
  expect(await withoutServiceStarts(async () => readFileSync(`${file}.patchbay-saved`, "utf8"), file)).toBe(machines);
  expect([readFileSync(file, "utf8"), readdirSync(dir)]).toEqual([machines, ["policy-rc.d"]]);
  rmSync(file);
  await leftBy(1, "1");
  recoverServicePolicy(file);
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, machines);
  recoverServicePolicy(file);
  expect(readFileSync(file, "utf8")).toBe(machines);
});

it("keeps out of the way of another installation that runs", async () => {
  const other = spawn("/usr/bin/sleep", ["60"]);
  await once(other, "spawn");
  await leftBy(other.pid ?? 0);
  recoverServicePolicy(file);
  await expect(withoutServiceStarts(verdict, file)).rejects.toMatchObject({ kind: "unavailable" });
  expect(existsSync(file)).toBe(true);
  other.kill("SIGKILL");
  await once(other, "exit");
  expect(await withoutServiceStarts(async () => "ran", file)).toBe("ran");
  expect(readdirSync(dir)).toEqual([]);
});
