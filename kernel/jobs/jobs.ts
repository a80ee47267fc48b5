import type { Clock, Db, Logger } from "@patchbay/sdk";
import type { Ids, Storage } from "../storage/types.ts";
import { insertJob, releaseHeld } from "./job-store.ts";
import { type JobHandler, Worker, type WorkerTiming } from "./worker.ts";

export interface JobRequest {
  readonly queue: string;
  /** JSON-safe. */
  readonly payload: unknown;
  /** Milliseconds since 1970. Default: at once. */
  readonly runAt?: number;
  /** While a job with this key waits or runs, a second one is not queued. */
  readonly dedupeKey?: string;
  /** Id of the change whose end it waits for: see `settle`. */
  readonly heldBy?: string;
  /** Default 10: the last attempt is about half an hour after the first. */
  readonly maxAttempts?: number;
}

export interface JobsOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** In [0, 1); spreads retries. */
  readonly random?: () => number;
  readonly timing?: Partial<WorkerTiming>;
}

/** A durable queue in the panel's database. Every job runs at least once, also when the panel crashes meanwhile. */
export interface Jobs {
  /**
   * Queues a job in the caller's transaction (`change.db`): it exists if and only if that commits, and the worker wakes when
   * it does. False when the dedupe key is taken.
   */
  enqueue(db: Db, request: JobRequest): Promise<boolean>;
  /**
   * Lets the jobs that wait for a change run (`keep`), or forgets them because it was undone. In the transaction in which
   * the change becomes final.
   */
  settle(db: Db, changeId: string, keep: boolean): Promise<void>;
  /** Says who does the jobs of a queue. Jobs of a queue without a handler wait. Throws when the queue has one. */
  handle(queue: string, handler: JobHandler): void;
  /** The same for a queue that may have a handler already: this one counts from now on. */
  take(queue: string, handler: JobHandler): void;
  /** Nobody does the jobs of a queue any more: they wait. What runs goes on. */
  leave(queue: string): void;
  /** Looks for work now. */
  wake(): void;
  start(): void;
  /** Aborts running handlers and waits for them, at most 5 s. */
  stop(): Promise<void>;
}

const standardTiming: WorkerTiming = { lease: 30_000, idle: 30_000, stop: 5_000, job: 600_000, concurrency: 4 };

export function createJobs(options: JobsOptions): Jobs {
  const { storage, clock, ids, logger } = options;
  const handlers = new Map<string, JobHandler>();
  const worker = new Worker({
    storage,
    clock,
    logger,
    random: options.random ?? Math.random,
    owner: ids.uuid(),
    handlers,
    timing: { ...standardTiming, ...options.timing },
  });
  return {
    enqueue: async (db, request) => {
      const now = clock.now();
      const inserted = await insertJob(db, {
        uuid: ids.uuid(),
        queue: request.queue,
        payload: JSON.stringify(request.payload ?? null),
        runAt: request.runAt ?? now,
        dedupeKey: request.dedupeKey ?? null,
        maxAttempts: request.maxAttempts ?? 10,
        heldBy: request.heldBy ?? null,
        now,
      });
      if (inserted) afterEnd(db, () => worker.wake());
      return inserted;
    },
    settle: async (db, changeId, keep) => {
      await releaseHeld(db, changeId, keep, clock.now());
      afterEnd(db, () => worker.wake());
    },
    handle: (queue, handler) => {
      if (handlers.has(queue)) throw new Error(`the queue ${queue} already has a handler`);
      handlers.set(queue, handler);
      worker.wake();
    },
    take: (queue, handler) => {
      handlers.set(queue, handler);
      worker.wake();
    },
    leave: (queue) => void handlers.delete(queue),
    wake: () => worker.wake(),
    start: () => worker.start(),
    stop: () => worker.stop(),
  };
}

/** Runs `then` when the transaction is over, either way. */
function afterEnd(db: Db, then: () => void): void {
  const ended = (db as Db & { readonly executionPromise?: Promise<unknown> }).executionPromise;
  if (ended) ended.then(then, then);
  else then();
}
