import { notFound, type Read, type TaskStepState } from "@patchbay/sdk";
import type { ChangeResult, UnitFailure } from "../reconcile/types.ts";
import { insertRow } from "../storage/insert-row.ts";
import type { Change, Sealer } from "../storage/types.ts";
import { applyError } from "./apply-error.ts";
import { Watchers } from "./watchers.ts";

export { outcomeMigrations } from "./migrations.ts";

/** `queued`: waits for its task to begin. `running`: its units are not live yet, or its task runs. */
export type OperationState = "queued" | "running" | ChangeResult["state"];

interface Row {
  readonly id: string;
  readonly action: string;
  readonly user_id: number | null;
  readonly state: OperationState;
  readonly failures: string | null;
  readonly task: string | null;
  readonly progress: number;
  readonly error: string | null;
}

/** What a change answers once it is live. */
export interface StoredAnswer {
  readonly message: string;
  readonly data: unknown;
}

/** A change that is not to be waited for, and how far it is. */
export interface Pending {
  readonly state: OperationState;
  /** True: it started a task, so that its units alone do not end it. */
  readonly isTask: boolean;
}

export interface OpenOperation {
  readonly id: string;
  readonly action: string;
  readonly userId: number | null;
  readonly state: "queued" | "running" | "done";
  /** Id of the task it starts. */
  readonly task?: string | undefined;
  /** Kept for whoever repeats the request with its idempotency key. Left out: nobody can. */
  readonly answer?: StoredAnswer | undefined;
  readonly now: number;
}

/** How an operation stands, as `operations/get` and the event stream show it. */
export interface OperationView {
  readonly operation_id: string;
  readonly action: string;
  readonly state: OperationState;
  readonly progress: number;
  readonly steps: { readonly name: string; readonly state: TaskStepState; readonly message: string }[];
  readonly error: string | null;
}

/** The log of changes whose end somebody may ask for: those that touch units, start a task, or have an idempotency key. */
export class Outcomes {
  /** Told about every operation that moves on. */
  readonly watchers = new Watchers();
  readonly #sealer: Sealer;
  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  /** `read` is that of the change. */
  async open(read: Read, row: OpenOperation): Promise<void> {
    await insertRow(read, "operations", {
      id: row.id,
      action: row.action,
      user_id: row.userId,
      state: row.state,
      task: row.task ?? null,
      answer: row.answer ? this.#sealer.seal(`operations.answer.${row.id}`, JSON.stringify(row.answer)) : null,
      created_at: row.now,
      finished_at: row.state === "done" ? row.now : null,
    });
  }

  /** Writes how the units of a change ended. A task that waited for them is what remains to be done then. */
  async finish(change: Change, id: string, result: ChangeResult, now: number): Promise<void> {
    const row = change.db("operations").where({ id });
    if (result.state === "done") await row.whereNull("task").update({ state: "done", finished_at: now });
    else await row.update({ state: result.state, failures: JSON.stringify(result.failures), finished_at: now });
    change.afterCommit(() => this.watchers.changed(id));
  }

  /** The final answer of a change that keeps it, how far it is, or the error the change ended with. */
  async result(read: Read, id: string): Promise<StoredAnswer | Pending> {
    const row = await read.get<Pick<Row, "state" | "failures" | "task"> & { readonly answer: string }>(
      "SELECT state, failures, task, answer FROM operations WHERE id = ?",
      [id],
    );
    if (!row) throw notFound("operation");
    if (row.task !== null) return { state: row.state, isTask: true };
    if (!isEnd(row.state)) return { state: row.state, isTask: false };
    if (row.state !== "done") throw applyError(row.state, failuresOf(row));
    return JSON.parse(this.#sealer.open(`operations.answer.${id}`, row.answer)) as StoredAnswer;
  }

  /** How a change ended for the reconciler; undefined while it has not, and for one that is not known. */
  async ended(read: Read, id: string): Promise<ChangeResult | undefined> {
    const row = await this.#row(read, id);
    if (!row || !isEnd(row.state)) return undefined;
    return row.state === "done" ? { state: "done" } : { state: row.state, failures: failuresOf(row) };
  }

  /** True when the change was committed, however it went on. */
  async isKnown(read: Read, id: string): Promise<boolean> {
    return (await this.#row(read, id)) !== undefined;
  }

  /** What `operations/get` answers. Only the caller's own, except for admins. */
  async view(read: Read, id: string, viewer: { userId: number | null; role: string }): Promise<OperationView> {
    const row = await this.#row(read, id);
    if (!row || (viewer.role !== "admin" && row.user_id !== viewer.userId)) throw notFound("operation");
    const steps = await read.all<OperationView["steps"][number]>(
      "SELECT name, state, message FROM operation_steps WHERE operation_id = ? ORDER BY position",
      [id],
    );
    const failures = failuresOf(row).map(({ slot, key, message }) => ({
      name: `${slot} ${key}`,
      state: "failed" as const,
      message,
    }));
    return {
      operation_id: row.id,
      action: row.action,
      state: row.state,
      progress: row.task === null && isEnd(row.state) ? 1 : row.progress,
      steps: [...steps, ...failures],
      error: errorOf(row),
    };
  }

  async #row(read: Read, id: string): Promise<Row | undefined> {
    return read.get<Row>(
      "SELECT id, action, user_id, state, failures, task, progress, error FROM operations WHERE id = ?",
      [id],
    );
  }
}

/** True when an operation will not move on any more. */
export function isEnd(state: OperationState): state is ChangeResult["state"] {
  return state !== "queued" && state !== "running";
}

function failuresOf(row: Pick<Row, "failures">): UnitFailure[] {
  return JSON.parse(row.failures ?? "[]") as UnitFailure[];
}

function errorOf(row: Row): string | null {
  if (row.error !== null) return row.error;
  return row.state === "undone" || row.state === "failed" ? applyError(row.state, failuresOf(row)).message : null;
}
