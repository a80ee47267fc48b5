import type { Clock, Logger, Task } from "@patchbay/sdk";
import type { Audit } from "../audit/audit.ts";
import { createJobs, type Jobs } from "../jobs/jobs.ts";
import type { WorkerTiming } from "../jobs/worker.ts";
import type { TaskLog } from "../operations/task-log.ts";
import type { Change, Ids, Storage } from "../storage/types.ts";
import { type RegisteredTask, runTask, type TaskCaller, type TaskJob } from "./run-task.ts";

export interface TasksOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly log: TaskLog;
  readonly audit: Pick<Audit, "append">;
  /** The tasks of the current generation, by id. */
  readonly declared: () => ReadonlyMap<string, RegisteredTask>;
  /** Called with what a task threw that it may not. Must not throw. */
  readonly onThrown?: (plugin: string, where: string, error: unknown) => void;
  readonly timing?: Partial<WorkerTiming>;
}

export interface TaskRequest {
  readonly task: Task;
  /** JSON-safe. */
  readonly payload: unknown;
  readonly caller: TaskCaller;
  /** True: it begins when the units of the change are live, and never when the change is undone. */
  readonly held: boolean;
}

/** Runs tasks: long work that people can watch. Each is a durable job, and of one id one runs at a time. */
export interface Tasks {
  /**
   * Queues a task in a change, whose row in `operations` must have been opened: it exists if and only if that commits.
   * Throws for a task that no plugin has declared.
   */
  begin(change: Change, request: TaskRequest): Promise<void>;
  /**
   * Begins to work off what is queued, also what a kernel before this one had begun. Called again when other tasks are
   * declared: what is queued of one that nobody declares any more waits until it is back.
   */
  start(): void;
  /** Looks for work now: held jobs were released. */
  wake(): void;
  /** Aborts what runs and gives it back: it is run again from its beginning by the next kernel. At most 2.5 s. */
  stop(): Promise<void>;
}

/** Short leases: what a kernel that died was doing is taken up again after 5 s. */
const timing: Partial<WorkerTiming> = { lease: 5000, stop: 2500, job: null, concurrency: 1 };
/** A task ends by itself. What repeats it is the panel's own death, and that must never use it up. */
const maxAttempts = 1_000_000;

export function createTasks(options: TasksOptions): Tasks {
  return new TaskRoom(options);
}

class TaskRoom implements Tasks {
  readonly #options: TasksOptions;
  /** A queue for each task, so that one waits for its like and for nothing else. */
  readonly #queues = new Map<string, Jobs>();

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  async begin(change: Change, { task, payload, caller, held }: TaskRequest): Promise<void> {
    if (!this.#options.declared().has(task.id)) throw new Error(`no plugin declares the task ${task.id}`);
    const job: TaskJob = { operation: change.id, payload, caller };
    await this.#queue(task.id).enqueue(change.db, {
      queue: queueName(task.id),
      payload: job,
      dedupeKey: `task:${change.id}`,
      maxAttempts,
      ...(held ? { heldBy: change.id } : {}),
    });
  }

  start(): void {
    const declared = this.#options.declared();
    for (const id of declared.keys()) this.#queue(id).start();
    for (const [id, queue] of this.#queues) {
      if (declared.has(id)) queue.take(queueName(id), (job, signal) => this.#run(id, job as TaskJob, signal));
      else queue.leave(queueName(id));
    }
  }

  wake(): void {
    for (const queue of this.#queues.values()) queue.wake();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.stop()));
  }

  #queue(id: string): Jobs {
    const known = this.#queues.get(id);
    if (known) return known;
    const { storage, clock, ids, logger } = this.#options;
    const made = createJobs({ storage, clock, ids, logger, timing: { ...timing, ...this.#options.timing } });
    made.take(queueName(id), (job, signal) => this.#run(id, job as TaskJob, signal));
    this.#queues.set(id, made);
    return made;
  }

  async #run(id: string, job: TaskJob, signal: AbortSignal): Promise<void> {
    const registered = this.#options.declared().get(id);
    if (!registered) throw new Error(`no plugin declares the task ${id} any more`);
    await runTask(this.#options, { registered, job, signal });
  }
}

function queueName(id: string): string {
  return `task:${id}`;
}
