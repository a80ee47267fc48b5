import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { InstanceFile } from "../../kernel/helper/entry.ts";
import { Client } from "./client.ts";
import { freePorts, type InstancePorts } from "./ports.ts";
import { fetchSite, type SiteAnswer } from "./site.ts";

const root = resolve(import.meta.dirname, "../..");

export interface InstanceOptions {
  /** Ordinary user to run as; the tests' own when not given. */
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** A real panel in a directory of its own: the built one, as `npm start` runs it. */
export class TestInstance {
  readonly dir: string;
  readonly ports: InstancePorts;
  readonly #options: InstanceOptions;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(dir: string, ports: InstancePorts, options: InstanceOptions) {
    this.dir = dir;
    this.ports = ports;
    this.#options = options;
  }

  /** Starts an instance and waits until it is ready. */
  static async start(options: InstanceOptions = {}): Promise<TestInstance> {
    const instance = await TestInstance.prepare(options);
    await instance.up();
    return instance;
  }

  /** The directory and the ports of an instance that does not run yet. */
  static async prepare(options: InstanceOptions = {}): Promise<TestInstance> {
    const dir = mkdtempSync(join(tmpdir(), "patchbay-e2e-"));
    if (options.uid !== undefined) (await import("node:fs")).chownSync(dir, options.uid, options.uid);
    return new TestInstance(dir, await freePorts(), options);
  }

  get data(): string {
    return join(this.dir, "var");
  }

  get file(): InstanceFile {
    return JSON.parse(readFileSync(join(this.data, "instance.json"), "utf8")) as InstanceFile;
  }

  get output(): string {
    return this.#output;
  }

  /** Pid of `patchbay up`, the helper. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the instance does not run");
    return pid;
  }

  /** Starts `patchbay up`. Resolves when it is ready; rejects with its output when it ends before. */
  async up(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const child = this.spawn(env);
    const file = join(this.data, "instance.json");
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the panel ended:\n${this.#output}`);
      if (existsSync(file) && this.file.pid === child.pid) return;
      await sleep(10);
    }
  }

  /** Starts `patchbay up` and does not wait. */
  spawn(env: Readonly<Record<string, string>> = {}): ChildProcess {
    const { uid, flags = [] } = this.#options;
    const argv = [
      ...["--data", this.data, "--port", String(this.ports.panel), "--services-port", String(this.ports.services)],
      ...["--rate-standard", "0", "--rate-login", "0", ...flags],
    ];
    const child = spawn(process.execPath, [join(root, "bin/patchbay.mjs"), "up", ...argv], {
      ...(uid === undefined ? {} : { uid, gid: uid }),
      cwd: this.dir,
      env: { PATH: process.env["PATH"] ?? "", PATCHBAY_ADMIN_PASSWORD: adminPassword, ...this.#options.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString("utf8")).slice(-100_000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    this.#child = child;
    return child;
  }

  /** Resolves with the exit code (or signal) of `patchbay up`. */
  async ended(): Promise<number | string> {
    const child = this.#child;
    if (!child) return 0;
    while (child.exitCode === null && child.signalCode === null) await sleep(10);
    return child.exitCode ?? child.signalCode ?? 0;
  }

  async stop(): Promise<number | string> {
    this.#child?.kill("SIGTERM");
    return this.ended();
  }

  /** Pids of the kernel, read from the helper's children. */
  kernelPid(): number {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8").trim().split(" ");
    for (const pid of children) {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("dist/kernel/main.js")) return Number(pid);
    }
    throw new Error("no kernel runs");
  }

  /** A caller on the admin port. */
  client(): Client {
    return new Client(this.ports.panel + 2);
  }

  async admin(): Promise<Client> {
    const client = this.client();
    const answer = await client.login("admin", adminPassword);
    if (answer.status !== 200) throw new Error(`the admin cannot log in: ${answer.text}\n${this.#output}`);
    return client;
  }

  /** Asks the web server of the instance for a page of a host. */
  site(host: string, path = "/"): Promise<SiteAnswer> {
    return fetchSite(this.ports.services + 80, host, path);
  }

  /** Stops what runs, removes what was written. Throws when a process is left behind. */
  async destroy(): Promise<void> {
    await this.stop();
    const left = processesUnder(this.dir);
    for (const { pid } of left) process.kill(pid, "SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left behind: ${left.map((entry) => entry.command).join(", ")}`);
  }
}

export const adminPassword = "first admin of a test";

/** Processes whose command line names a directory. */
export function processesUnder(dir: string): { pid: number; command: string }[] {
  const { readdirSync } = process.getBuiltinModule("node:fs");
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const state = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return state !== "Z" && command.includes(dir) ? [{ pid: Number(pid), command }] : [];
      } catch {
        return [];
      }
    });
}
