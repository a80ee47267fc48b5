import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dependencyStamp, sourceStamp, writeStamp } from "./stamp.mjs";

/** In the supervisor's place: notes its pid and arguments, and the signal that ended it. Ctrl-C arrives twice: from the
 * terminal, and passed on by npm. */
const supervisor = `import { writeFileSync } from "node:fs";
const note = (name, text) => writeFileSync(new URL("../../" + name, import.meta.url), text);
export async function main(argv) {
  setInterval(() => {}, 1000);
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => { note("ended", signal); process.exit(0); });
  note("started", JSON.stringify({ pid: process.pid, argv }));
}`;
const command = "export async function main(argv) { console.log(JSON.stringify(argv)); return 3; }";

let root: string;
let children: ChildProcess[];

function put(path: string, text: string) {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

async function until(file: string): Promise<string> {
  for (let tries = 0; tries < 400 && !existsSync(join(root, file)); tries += 1) await sleep(25);
  await sleep(25);
  return readFileSync(join(root, file), "utf8");
}

function isAlive(pid: number) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function npmStart(...args: string[]) {
  const child = spawn("npm", ["start", "--", ...args], { cwd: root, stdio: "ignore", detached: true });
  children.push(child);
  return child;
}

beforeEach(() => {
  children = [];
  root = mkdtempSync(join(tmpdir(), "patchbay-start-"));
  const checkout = join(import.meta.dirname, "..");
  for (const folder of ["bootstrap", "bin"]) cpSync(join(checkout, folder), join(root, folder), { recursive: true });
  cpSync(join(checkout, "package.json"), join(root, "package.json"));
  put("package-lock.json", "{}");
  put("dist/package.json", '{ "type": "module" }');
  put("dist/helper/main.js", supervisor);
  put("dist/cli/main.js", command);
  mkdirSync(join(root, "node_modules"));
  writeStamp(join(root, "node_modules/.patchbay-stamp"), dependencyStamp(root));
  writeStamp(join(root, "dist/.stamp"), sourceStamp(root));
});

afterEach(async () => {
  for (const child of children)
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
  await sleep(50);
  rmSync(root, { recursive: true });
});

describe("npm start", () => {
  it("passes its arguments on and ends the supervisor with SIGTERM", async () => {
    const npm = npmStart("--data", "/nowhere/x");
    const { pid, argv } = JSON.parse(await until("started"));
    expect(argv).toEqual(["--data", "/nowhere/x"]);
    const ended = new Promise((resolve) => npm.once("exit", resolve));
    process.kill(npm.pid!, "SIGTERM");
    expect(await until("ended")).toBe("SIGTERM");
    await ended;
    expect(isAlive(pid)).toBe(false);
  });

  it("ends the supervisor with Ctrl-C, which reaches the whole group", async () => {
    const npm = npmStart();
    const { pid } = JSON.parse(await until("started"));
    const ended = new Promise((resolve) => npm.once("exit", resolve));
    process.kill(-npm.pid!, "SIGINT");
    expect(await until("ended")).toBe("SIGINT");
    await ended;
    expect(isAlive(pid)).toBe(false);
  });
});

describe("npx patchbay", () => {
  it("runs the checkout's own command and keeps its exit code and its output", () => {
    const { status, stdout } = spawnSync("npx", ["patchbay", "domain", "list", "--json"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(stdout).toBe('["domain","list","--json"]\n');
    expect(status).toBe(3);
  });
});

describe("bootstrap", () => {
  it("refuses a command it does not know", () => {
    const { status, stderr } = spawnSync(process.execPath, ["bootstrap/main.mjs", "nonsense"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(stderr).toContain("usage:");
    expect(status).toBe(2);
  });
});
