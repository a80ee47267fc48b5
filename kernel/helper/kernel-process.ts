import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { within } from "./daemon.ts";
import type { Owner } from "./durable.ts";
import { sendSignal } from "./processes.ts";

interface KernelOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Identity; undefined: the helper's own. */
  readonly as: Owner | undefined;
  /** Called with the line to each new kernel. `lost` must be called when the line is gone. */
  readonly connect: (stream: Duplex, lost: () => void) => void;
}

const firstDelayMs = 200;
const longestDelayMs = 5000;
const deathsAllowed = 5;
const deathWindowMs = 30_000;
const stopWaitMs = 4000;
const lostWaitMs = 2000;

/** Runs the kernel and starts it again when it dies. */
export class KernelProcess {
  /** Resolves when it died so often in a short time that starting it again is pointless. */
  readonly gaveUp: Promise<void>;
  readonly #options: KernelOptions;
  readonly #giveUp: () => void;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #deaths: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: KernelOptions) {
    this.#options = options;
    const { promise, resolve } = withResolvers();
    this.gaveUp = promise;
    this.#giveUp = resolve;
  }

  start(): void {
    const { argv, env, as, connect } = this.#options;
    const [program = "", ...args] = argv;
    const child = spawn(program, args, {
      env: { ...env },
      stdio: ["ignore", "inherit", "inherit", "pipe"],
      ...as,
    });
    this.#child = child;
    const { promise, resolve } = withResolvers();
    this.#exited = promise;
    const ended = (reason: string) => {
      resolve();
      if (this.#child === child) this.#onDeath(reason);
    };
    child.once("error", (error) => ended(error.message));
    child.once("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
    const stream = child.stdio[3] as Duplex | null;
    if (child.pid !== undefined && stream !== null) connect(stream, () => this.#onLost(child));
  }

  /** Asks it to end and waits up to 4 s, then kills it. It is not started again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    sendSignal(pid, "SIGTERM");
    if (await within(this.#exited, stopWaitMs)) return;
    sendSignal(pid, "SIGKILL");
    await within(this.#exited, 500);
  }

  // Without its line a kernel can do nothing any more; it should end by itself.
  #onLost(child: ChildProcess): void {
    setTimeout(() => {
      if (this.#child === child && !this.#stopping) child.kill("SIGKILL");
    }, lostWaitMs).unref();
  }

  #onDeath(reason: string): void {
    this.#child = undefined;
    if (this.#stopping) return;
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < deathWindowMs), now];
    log("error", `the kernel ended (${reason})`);
    if (this.#deaths.length >= deathsAllowed) {
      log("error", "the kernel ends again and again: giving up");
      this.#giveUp();
      return;
    }
    const delay = Math.min(firstDelayMs * 2 ** (this.#deaths.length - 1), longestDelayMs);
    this.#timer = setTimeout(() => this.start(), delay);
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function log(level: string, message: string): void {
  process.stderr.write(`${JSON.stringify({ level, message })}\n`);
}
