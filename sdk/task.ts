import type { Read } from "./storage.ts";
import type { Token } from "./token.ts";

export type TaskStepState = "running" | "done" | "failed" | "skipped";

/** What a task gets while it runs. */
export interface TaskContext {
  /** Id of the change that started it, under which its progress is polled. */
  readonly operationId: string;
  /** Aborted when the panel stops. The task is then run again from its beginning after the next start. */
  readonly signal: AbortSignal;
  use<T>(token: Token<T>): T;
  /** Shows how far it is: a step of this name appears, or changes. `message` is for people; no secrets. */
  step(name: string, state: TaskStepState, message?: string): Promise<void>;
  /** 0 to 1. Never goes back. */
  progress(share: number): Promise<void>;
}

/**
 * A long piece of work that people can watch (`operations/get`, `operations/events`). Started by a change with `ctx.start()`,
 * which is answered 202. It runs once that change is committed, one at a time per id, and again from its beginning when the
 * panel died meanwhile: it must find out by itself what is done already. A PanelError it throws is its end, and shown;
 * anything else is a failure that is logged and shown as an internal one.
 */
export interface Task<P = unknown> {
  /** `<resource>.<work>`, `system.switch`. */
  readonly id: string;
  readonly title: string;
  run(payload: P, ctx: TaskContext): Promise<void>;
  /** What it would do, for a dry run of the change that starts it. It must have no effects. */
  preview?(payload: P, read: Read): Promise<TaskPreview>;
}

export interface TaskPreview {
  readonly plan: readonly {
    readonly slot: string;
    /** Unit key; empty for what belongs to the slot as a whole. */
    readonly unit: string;
    readonly action: string;
    /** What it is about, for people. */
    readonly target: string;
  }[];
  readonly warnings: readonly string[];
}

/** Thrown by a task that ended with everything as it was before: its operation ends as `undone` instead of `failed`. */
export class Undone extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "Undone";
  }
}

export function defineTask<P>(task: Task<P>): Task<P> {
  return task;
}
