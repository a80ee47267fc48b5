import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { InstanceFile } from "../../kernel/helper/entry.ts";
import { checkout, copyCheckout } from "./checkout.ts";
import { Client } from "./client.ts";
import { freePorts, type InstancePorts } from "./ports.ts";
import { processesOf, processesOfRange, processesUnder } from "./processes.ts";
import { fetchSite, type SiteAnswer } from "./site.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface InstanceOptions {
  /** Ordinary user to run as; the tests' own when not given. Needs root. */
  readonly uid?: number;
  readonly env?: Environment;
  readonly flags?: readonly string[];
  /** Directory of the instance; one of its own below the temporary directory when not given. Never removed. */
  readonly data?: string;
  /** Changes a copy of the checkout before it is run. */
  readonly alter?: (checkout: string) => void;
}

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export const adminPassword = "first admin of a test";

/** A real panel in a directory of its own: the built one, as `patchbay up` runs it. */
export class TestInstance {
  readonly dir: string;
  readonly data: string;
  readonly ports: InstancePorts;
  readonly #options: InstanceOptions;
  readonly #checkout: string;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(dir: string, ports: InstancePorts, options: InstanceOptions) {
    this.dir = dir;
    this.data = options.data ?? join(dir, "var");
    this.ports = ports;
    this.#options = options;
    const copied = options.uid !== undefined || options.alter !== undefined;
    this.#checkout = copied ? copyCheckout(join(dir, "checkout")) : checkout;
    options.alter?.(this.#checkout);
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
    // The kernel, the web server and the accounts run as other users, who must get there.
    chmodSync(dir, 0o755);
    if (options.uid !== undefined) chownSync(dir, options.uid, options.uid);
    return new TestInstance(dir, await freePorts(), options);
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

  /** True until `patchbay up` has ended. */
  get isUp(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts `patchbay up`. Resolves when it is ready; rejects with its output when it ends before. */
  async up(env: Environment = {}): Promise<void> {
    const child = this.spawn(env);
    const file = join(this.data, "instance.json");
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the panel ended:\n${this.#output}`);
      if (existsSync(file) && this.file.pid === child.pid) return;
      await sleep(10);
    }
  }

  /** Starts `patchbay up` and does not wait. */
  spawn(env: Environment = {}): ChildProcess {
    const { flags = [] } = this.#options;
    const argv = [
      `--data=${this.data}`,
      `--port=${this.ports.panel}`,
      `--services-port=${this.ports.services}`,
      "--rate-standard=0",
      "--rate-login=0",
      ...flags,
    ];
    this.#child = this.launch("helper/main", argv, env);
    return this.#child;
  }

  /** Starts a program of the panel as the user of this instance. What it prints is kept in `output`. */
  launch(program: string, argv: readonly string[], env: Environment = {}): ChildProcess {
    const { uid } = this.#options;
    const script =
      uid === undefined ? join(import.meta.dirname, "run.mjs") : join(this.#checkout, "test/harness/run.mjs");
    const child = spawn(process.execPath, [script, this.#checkout, program, ...argv], {
      ...(uid === undefined ? {} : { uid, gid: uid }),
      cwd: this.dir,
      env: { PATH: process.env["PATH"], PATCHBAY_ADMIN_PASSWORD: adminPassword, ...this.#options.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString("utf8")).slice(-100_000);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    return child;
  }

  /** Runs a command of `patchbay` for this instance. */
  cli(...words: readonly string[]): Promise<Ended> {
    const { uid } = this.#options;
    const script =
      uid === undefined ? join(import.meta.dirname, "run.mjs") : join(this.#checkout, "test/harness/run.mjs");
    const argv = [script, this.#checkout, "cli/main", ...words, "--data", this.data];
    const options = {
      cwd: this.dir,
      env: { PATH: process.env["PATH"] },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    };
    return new Promise((resolve) => {
      const child = execFile(process.execPath, argv, options, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? child.signalCode ?? -1, stdout, stderr }),
      );
    });
  }

  /** Resolves with the exit code (or signal) of `patchbay up`. */
  async ended(): Promise<number | string> {
    while (this.isUp) await sleep(10);
    return this.#child?.exitCode ?? this.#child?.signalCode ?? 0;
  }

  async stop(): Promise<number | string> {
    this.#child?.kill("SIGTERM");
    return this.ended();
  }

  /** Pid of the kernel, read from the helper's children. */
  kernelPid(): number {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8").trim().split(" ");
    for (const pid of children.filter(Boolean)) {
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

  /** Processes of this instance, whoever they run as. */
  processes(): { pid: number; command: string }[] {
    const { uid } = this.#options;
    const all = [
      ...processesUnder(this.dir),
      ...processesUnder(this.data),
      ...processesOfRange(join(this.data, "helper", "range.json")),
      ...(uid === undefined ? [] : processesOf(uid)),
    ];
    return [...new Map(all.map((entry) => [entry.pid, entry])).values()];
  }

  /** Stops what runs, removes what was written. Throws when a process is left behind. */
  async destroy(): Promise<void> {
    await this.stop();
    const left = this.processes();
    for (const { pid } of left) process.kill(pid, "SIGKILL");
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
    if (left.length > 0) throw new Error(`left behind: ${left.map((entry) => entry.command).join(", ")}`);
  }
}
