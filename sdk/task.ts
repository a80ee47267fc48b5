import type { Read } from "./storage.ts";
import type { Token } from "./token.ts";

/** How far a step of a task is. */
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

/** What a task would do. */
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

const undoneBrand = Symbol.for("patchbay.undone");

/**
 * Thrown by a task that ended with everything as it was before: its operation ends as `undone` instead of `failed`. One of
 * any copy of the SDK is `instanceof` it.
 */
export class Undone extends Error {
  readonly [undoneBrand] = true;

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "Undone";
  }

  static override [Symbol.hasInstance](error: unknown): boolean {
    return typeof error === "object" && error !== null && (error as { [undoneBrand]?: boolean })[undoneBrand] === true;
  }
}

/**
 * Declares a task. A change starts it with `ctx.start(task, payload)`.
 *
 * @example
 * const countNotes = defineTask<{ owner: string }>({
 *   id: "notes.count",
 *   title: "Count the notes",
 *   run: async ({ owner }, ctx) => {
 *     await ctx.step("read", "running", `The notes of ${owner}`);
 *     const keys = await ctx.use(Store).keys(`${owner}/`);
 *     await ctx.step("read", "done", `${keys.length} notes`);
 *     await ctx.progress(1);
 *   },
 * });
 */
export function defineTask<P>(task: Task<P>): Task<P> {
  return task;
}
