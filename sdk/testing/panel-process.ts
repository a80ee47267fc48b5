import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ended } from "./ended.ts";
import type { InstancePorts } from "./ports.ts";
import { processesOf, processesOfRange, processesUnder } from "./processes.ts";

/** Time for processes that were ended to be gone. Milliseconds. */
const goneMs = 2000;

/** Variables of the environment; undefined ones are left out. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a running instance says of itself in `<data>/instance.json`, as far as tests read it. */
export interface RunningInstance {
  readonly pid: number;
}

export interface ProcessOptions {
  /** The panel that is run: a folder with `dist/`. */
  readonly root: string;
  /** Working directory. What runs below it belongs to this panel. */
  readonly dir: string;
  /** Directory of the instance. */
  readonly data: string;
  readonly ports: InstancePorts;
  /** Program that runs a program of `root`; the SDK's own when not given. */
  readonly runner?: string | undefined;
  /** Ordinary user to run as; that of the tests when not given. Needs root. */
  readonly uid?: number | undefined;
  readonly env?: Environment | undefined;
  readonly flags?: readonly string[] | undefined;
}

/** Password of the login `admin` of every panel under test. */
export const adminPassword = "first admin of a test";

const readyTimeoutMs = 60_000;

/** A real panel in a directory of its own, as `patchbay up` runs it. */
export class PanelProcess<F extends RunningInstance = RunningInstance> {
  readonly dir: string;
  readonly data: string;
  readonly ports: InstancePorts;
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #output = "";

  constructor(options: ProcessOptions) {
    this.dir = options.dir;
    this.data = options.data;
    this.ports = options.ports;
    this.#options = options;
  }

  get file(): F {
    return JSON.parse(readFileSync(join(this.data, "instance.json"), "utf8")) as F;
  }

  /** The end of what its processes printed. */
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

  /** Starts `patchbay up`. Resolves when it is ready; rejects with its output when it ends before, or takes over a minute. */
  async up(env: Environment = {}): Promise<void> {
    const child = this.spawn(env);
    const file = join(this.data, "instance.json");
    const end = performance.now() + readyTimeoutMs;
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the panel ended:\n${this.#output.slice(-5000)}`);
      if (existsSync(file) && this.file.pid === child.pid) return;
      if (performance.now() > end) throw new Error(`the panel is not ready after a minute:\n${this.#output}`);
      await sleep(10);
    }
  }

  /** Starts `patchbay up` and does not wait. */
  spawn(env: Environment = {}): ChildProcess {
    const argv = [
      `--data=${this.data}`,
      `--port=${this.ports.panel}`,
      `--services-port=${this.ports.services}`,
      "--rate-standard=0",
      "--rate-login=0",
      ...(this.#options.flags ?? []),
    ];
    this.#child = this.launch("helper/main", argv, env);
    return this.#child;
  }

  /** Starts a program of the panel as the user of this instance. What it prints is kept in `output`. */
  launch(program: string, argv: readonly string[], env: Environment = {}): ChildProcess {
    const child = spawn(process.execPath, this.#argv(program, argv), {
      ...this.#identity(),
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
    const argv = this.#argv("cli/main", [...words, "--data", this.data]);
    const options = { cwd: this.dir, env: { PATH: process.env["PATH"] }, ...this.#identity() };
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

  /** Ends `patchbay up` and what it runs. Resolves with its exit code. */
  async stop(): Promise<number | string> {
    this.#child?.kill("SIGTERM");
    return this.ended();
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

  /** Stops everything. Rejects when a process was left behind, which is then killed. */
  async end(): Promise<void> {
    await this.stop();
    // What was killed with the panel may take a moment to be gone on a busy machine.
    const until = performance.now() + goneMs;
    while (this.processes().length > 0 && performance.now() < until) await sleep(20);
    const left = this.processes();
    for (const { pid } of left) process.kill(pid, "SIGKILL");
    if (left.length > 0) throw new Error(`left behind: ${left.map((entry) => entry.command).join(", ")}`);
  }

  #argv(program: string, argv: readonly string[]): string[] {
    const { root, runner = join(import.meta.dirname, "run.mjs") } = this.#options;
    return [runner, root, program, ...argv];
  }

  #identity(): { uid?: number; gid?: number } {
    const { uid } = this.#options;
    return uid === undefined ? {} : { uid, gid: uid };
  }
}
