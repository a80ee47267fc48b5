import {
  type Clock,
  isPanelError,
  type Logger,
  type Task,
  type TaskContext,
  type Token,
  type Undone,
} from "@patchbay/sdk";
import type { Audit, AuditEntry } from "../audit/audit.ts";
import type { TaskEnd, TaskLog } from "../operations/task-log.ts";
import type { Storage } from "../storage/types.ts";
import { createReporter } from "./reporter.ts";

/** A task of the current generation, with the services of the plugin it came from. */
export interface RegisteredTask {
  readonly plugin: string;
  readonly task: Task;
  use<T>(token: Token<T>): T;
}

/** Who started a task, as the audit log names them. */
export type TaskCaller = Pick<AuditEntry, "userId" | "username" | "impersonator" | "ip" | "userAgent">;

/** What the job of a task holds. */
export interface TaskJob {
  /** Id of the change that started it. */
  readonly operation: string;
  readonly payload: unknown;
  readonly caller: TaskCaller;
}

export interface RunRooms {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: TaskLog;
  readonly audit: Pick<Audit, "append">;
  readonly onThrown?: (plugin: string, where: string, error: unknown) => void;
}

export interface TaskRun {
  readonly registered: RegisteredTask;
  readonly job: TaskJob;
  readonly signal: AbortSignal;
}

/**
 * One attempt at a task: from its beginning to its end, which is written down with a record in the audit log. Throws when
 * it was aborted, or when its end could not be written: then it has to be run again.
 */
export async function runTask(rooms: RunRooms, run: TaskRun): Promise<void> {
  const { storage, log, audit, clock } = rooms;
  const { operation, caller } = run.job;
  const isOpen = await storage.change((change) => log.begin(change, operation));
  if (!isOpen) return;
  const end = await attempt(rooms, run);
  await storage.change(async (change) => {
    await log.end(change, operation, { end, now: clock.now() });
    await audit.append(change, {
      ...caller,
      action: run.registered.task.id,
      resource: `operation:${operation}`,
      outcome: end.state === "done" ? "ok" : "failed",
      detail: { state: end.state, ...(end.error === null ? {} : { error: end.error }) },
    });
  });
}

async function attempt(rooms: RunRooms, { registered, job, signal }: TaskRun): Promise<TaskEnd> {
  const context: TaskContext = {
    ...createReporter(rooms, job.operation),
    operationId: job.operation,
    signal,
    use: (token) => registered.use(token),
  };
  try {
    await registered.task.run(job.payload, context);
    return { state: "done", error: null };
  } catch (error) {
    // What fails because the panel stops tells nothing about the task.
    if (signal.aborted) throw error;
    if (isUndone(error)) return { state: "undone", error: error.message };
    if (isPanelError(error)) return { state: "failed", error: error.publicMessage };
    rooms.onThrown?.(registered.plugin, registered.task.id, error);
    const facts = { task: registered.task.id, operation: job.operation, error };
    rooms.logger.error("a task failed", { ...facts, stack: (error as Error | undefined)?.stack });
    return { state: "failed", error: `The panel failed. Its log has more under ${job.operation}.` };
  }
}

/** By its name: a plugin may have been built with a copy of the SDK of its own. */
function isUndone(error: unknown): error is Undone {
  return error instanceof Error && error.name === "Undone";
}
