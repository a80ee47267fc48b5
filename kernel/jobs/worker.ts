import type { Clock, Logger } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";
import { retryDelay } from "./backoff.ts";
import {
  buryLostJobs,
  type ClaimedJob,
  claimJobs,
  endClaim,
  type JobEnd,
  nextDue,
  prolongLeases,
  pruneDone,
} from "./job-store.ts";
import { createSleeper } from "./sleeper.ts";

/** Does one job. Throwing means: try again later. At least once: the same job may come twice. */
export type JobHandler = (payload: unknown, signal: AbortSignal) => Promise<void>;

export interface WorkerOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly owner: string;
  readonly handlers: ReadonlyMap<string, JobHandler>;
  readonly timing: WorkerTiming;
}

/** Milliseconds, except `concurrency`. */
export interface WorkerTiming {
  /** How long a claim holds without a heartbeat. */
  readonly lease: number;
  /** Longest sleep when nothing is due. */
  readonly idle: number;
  /** How long `stop` waits for handlers. */
  readonly stop: number;
  /** How long one job may take; null: as long as it likes. */
  readonly job: number | null;
  readonly concurrency: number;
}

interface Running {
  readonly job: ClaimedJob;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

interface Ended {
  readonly job: ClaimedJob;
  readonly end: JobEnd;
}

const dayMs = 86_400_000;
const afterTroubleMs = 1_000;

/** Claims jobs and runs them, until it is stopped. One transaction writes the ends of jobs and claims the next ones. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #running = new Set<Running>();
  readonly #sleeper = createSleeper();
  #ended: Ended[] = [];
  #stopping = false;
  #pruneAt = 0;
  #beat: NodeJS.Timeout | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#loop) return;
    this.#beat = setInterval(() => void this.#heartbeat(), this.#options.timing.lease / 3);
    this.#loop = this.#work();
  }

  wake(): void {
    this.#sleeper.wake();
  }

  /** Aborts the handlers, waits for them (bounded), and gives back what did not end. */
  async stop(): Promise<void> {
    if (!this.#loop || this.#stopping) return;
    this.#stopping = true;
    this.wake();
    await this.#loop;
    for (const running of this.#running) running.abort.abort(new Error("the panel is stopping"));
    const late = createSleeper();
    void Promise.allSettled([...this.#running].map((running) => running.ended)).then(() => late.wake());
    await late.sleep(this.#options.timing.stop);
    clearInterval(this.#beat);
    // A handler that ignores its signal keeps its lease: giving it back now would let the job run twice at once.
    await this.#turn(0).catch((error: unknown) => this.#trouble(error));
  }

  async #work(): Promise<void> {
    while (!this.#stopping) {
      const pause = await this.#pass().catch((error: unknown) => {
        this.#trouble(error);
        return afterTroubleMs;
      });
      if (!this.#stopping) await this.#sleeper.sleep(pause);
    }
  }

  /** Does what there is to do and answers how long to sleep. */
  async #pass(): Promise<number> {
    const { clock, storage, handlers, timing } = this.#options;
    const free = timing.concurrency - this.#running.size;
    const queues = [...handlers.keys()];
    const due = free > 0 && queues.length > 0 ? await nextDue(storage.read, queues) : undefined;
    const isDue = due !== undefined && due <= clock.now();
    if (isDue || this.#ended.length > 0) {
      await this.#turn(isDue ? free : 0);
      return 0;
    }
    return Math.min(timing.idle, due === undefined ? timing.idle : due - clock.now());
  }

  async #turn(limit: number): Promise<void> {
    const { clock, storage, handlers, owner, timing } = this.#options;
    const ended = this.#ended;
    const now = clock.now();
    if (ended.length === 0 && limit === 0) return;
    const claimed = await storage.change(async ({ db }) => {
      for (const { job, end } of ended) await endClaim(db, { owner, job, end, now });
      if (limit === 0) return [];
      await this.#tidy(db, now);
      return claimJobs(db, { owner, queues: [...handlers.keys()], limit, now, until: now + timing.lease });
    });
    this.#ended = this.#ended.filter((one) => !ended.includes(one));
    for (const job of claimed) this.#begin(job);
  }

  async #tidy(db: Parameters<typeof buryLostJobs>[0], now: number): Promise<void> {
    const buried = await buryLostJobs(db, now);
    if (buried > 0) this.#options.logger.error("jobs were given up", { jobs: buried });
    if (now < this.#pruneAt) return;
    this.#pruneAt = now + dayMs / 24;
    await pruneDone(db, now - dayMs);
  }

  #begin(job: ClaimedJob): void {
    const abort = new AbortController();
    const ended = this.#run(job, abort).then((end) => {
      this.#running.delete(running);
      this.#ended.push({ job, end });
      this.wake();
    });
    const running: Running = { job, abort, ended };
    this.#running.add(running);
  }

  async #run(job: ClaimedJob, abort: AbortController): Promise<JobEnd> {
    let timer: NodeJS.Timeout | undefined;
    const longest = this.#options.timing.job;
    const tooLong = new Promise<never>((_, reject) => {
      if (longest === null) return;
      timer = setTimeout(() => {
        abort.abort(new Error("the job took too long"));
        reject(abort.signal.reason);
      }, longest);
    });
    try {
      const handler = this.#options.handlers.get(job.queue);
      if (!handler) return { kind: "released" };
      // A handler that ignores its signal must not hold a place for ever.
      await Promise.race([handler(JSON.parse(job.payload), abort.signal), tooLong]);
      return { kind: "done" };
    } catch (error) {
      return this.#stopping && abort.signal.aborted ? { kind: "released" } : this.#failed(job, error);
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(job: ClaimedJob, thrown: unknown): JobEnd {
    const { clock, logger, random } = this.#options;
    const error = (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)).slice(0, 500);
    const facts = { queue: job.queue, job: job.uuid, attempt: job.attempts, error };
    if (job.attempts >= job.max_attempts) {
      logger.error("a job was given up", facts);
      return { kind: "dead", error };
    }
    logger.warn("a job failed and will be tried again", facts);
    return { kind: "retry", runAt: clock.now() + retryDelay(job.attempts, random()), error };
  }

  async #heartbeat(): Promise<void> {
    const { clock, storage, owner, timing } = this.#options;
    const running = [...this.#running];
    if (running.length === 0) return;
    const jobs = running.map((one) => one.job);
    try {
      const held = await storage.change(({ db }) =>
        prolongLeases(db, { owner, jobs, until: clock.now() + timing.lease }),
      );
      for (const one of running) if (!held.has(one.job.id)) one.abort.abort(new Error("the lease was lost"));
    } catch (error) {
      this.#trouble(error);
    }
  }

  #trouble(error: unknown): void {
    this.#options.logger.error("the job worker could not reach the database", { error });
  }
}
