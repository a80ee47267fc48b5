import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@patchbay/sdk";
import { type Ending, type GuestRun, type GuestRunOptions, startGuest } from "./guest-run.ts";
import type { Description } from "./protocol.ts";
import { judged, type Remote, type RemoteCall, unavailable } from "./remote.ts";
import { markReported } from "./reported.ts";
import type { OnFault } from "./types.ts";

interface Told {
  readonly onFault: OnFault;
  readonly logger: Logger;
}

/** Pauses before a process is started again. Milliseconds. */
const pauses = [200, 1000, 5000] as const;
/** A process that lived so long has mended: the pauses begin anew. Milliseconds. */
const settledMs = 60_000;
const lastCallsMs = 5000;

/** A plugin whose process is started again when it ends by itself. */
export class SupervisedGuest implements Remote {
  readonly plugin: string;
  readonly #start: GuestRunOptions;
  readonly #told: Told;
  #run: GuestRun | undefined;
  #description: Description | undefined;
  #deaths = 0;
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;
  #starting: Promise<void> = Promise.resolve();

  constructor(start: GuestRunOptions, told: Told) {
    this.plugin = start.manifest.id;
    this.#start = start;
    this.#told = told;
  }

  /** What it contributes, the same for all its processes. */
  get description(): Description {
    if (!this.#description) throw new Error(`${this.plugin} was not started`);
    return this.#description;
  }

  /** Rejects with the reason for people. */
  async start(): Promise<void> {
    const run = await startGuest(this.#start);
    if (this.#isEnding) return run.kill();
    if (this.#description && JSON.stringify(this.#description) !== JSON.stringify(run.description)) {
      await run.kill();
      throw new Error("it contributes something else than before: reload the plugin");
    }
    this.#description = run.description;
    this.#run = run;
    const began = performance.now();
    void run.ended.then((ending) => this.#onEnd(run, ending, performance.now() - began));
  }

  async call(name: string, input: unknown, how: RemoteCall): Promise<unknown> {
    if (!this.#run) throw unavailable(this.plugin);
    try {
      return await this.#run.call(name, input, how);
    } catch (error) {
      throw judged(this.plugin, error, how, this.#told.onFault);
    }
  }

  nonsense(where: string): Error {
    this.#told.onFault({ plugin: this.plugin, kind: "threw", where, message: "an answer in the wrong form" });
    return markReported(new Error(`${this.plugin} answered ${where} in the wrong form`));
  }

  /** Ends the process when its calls are answered, after 5 s at the latest. It is not started again. */
  async end(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    const run = this.#run;
    const until = performance.now() + lastCallsMs;
    while (run && run.inFlight > 0 && performance.now() < until) await sleep(20);
    await this.kill();
    await this.#starting;
  }

  async kill(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    const run = this.#run;
    this.#run = undefined;
    await run?.kill();
  }

  #onEnd(run: GuestRun, { detail, kind, output }: Ending, livedMs: number): void {
    if (this.#run === run) this.#run = undefined;
    if (this.#isEnding) return;
    const { logger, onFault } = this.#told;
    logger.warn("the process of a plugin ended", { plugin: this.plugin, kind, detail, output });
    onFault({ plugin: this.plugin, kind, where: "its process", message: detail });
    this.#deaths = livedMs > settledMs ? 0 : this.#deaths;
    this.#again();
  }

  #again(): void {
    const pause = pauses[Math.min(this.#deaths, pauses.length - 1)] ?? 0;
    this.#deaths += 1;
    this.#timer = setTimeout(() => {
      this.#starting = this.start().catch((error: unknown) => {
        if (this.#isEnding) return;
        const { logger, onFault } = this.#told;
        logger.warn("the process of a plugin was not started again", { plugin: this.plugin, error });
        onFault({ plugin: this.plugin, kind: "start", where: "start", message: (error as Error).message });
        this.#again();
      });
    }, pause);
  }
}
