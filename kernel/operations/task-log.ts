import type { Db, TaskStepState } from "@patchbay/sdk";
import type { Change } from "../storage/types.ts";
import type { OperationState } from "./outcome.ts";
import type { Watchers } from "./watchers.ts";

/** How a task ended. `error` is for people; null when it is done. */
export interface TaskEnd {
  readonly state: "done" | "failed" | "undone";
  readonly error: string | null;
}

/** Writes how far the task of an operation is. Each call belongs to a change and is told to the watchers after its commit. */
export class TaskLog {
  readonly #watchers: Watchers;

  constructor(watchers: Watchers) {
    this.#watchers = watchers;
  }

  /** False for an operation that has ended: its task must not run. The steps of an earlier attempt stay to be seen. */
  async begin(change: Change, id: string): Promise<boolean> {
    const open: OperationState[] = ["queued", "running"];
    const changed = await change.db("operations").where({ id }).whereIn("state", open).update({ state: "running" });
    this.#announce(change, id);
    return changed === 1;
  }

  async step(
    change: Change,
    id: string,
    { name, state, message }: { name: string; state: TaskStepState; message: string },
  ): Promise<void> {
    const [last] = (await change.db("operation_steps").where({ operation_id: id }).max("position as position")) as {
      position: number | null;
    }[];
    await change
      .db("operation_steps")
      .insert({ operation_id: id, name, position: (last?.position ?? -1) + 1, state, message })
      .onConflict(["operation_id", "name"])
      .merge(["state", "message"]);
    this.#announce(change, id);
  }

  /** Never goes back. */
  async progress(change: Change, id: string, share: number): Promise<void> {
    await change.db("operations").where({ id }).where("progress", "<", share).update({ progress: share });
    this.#announce(change, id);
  }

  /** A step that nobody ended ends as its task does. */
  async end(change: Change, id: string, { end, now }: { end: TaskEnd; now: number }): Promise<void> {
    const { state, error } = end;
    const left = state === "done" ? "done" : "failed";
    await change.db("operation_steps").where({ operation_id: id, state: "running" }).update({ state: left });
    const done = state === "done" ? { progress: 1 } : {};
    await change
      .db("operations")
      .where({ id })
      .update({ state, error, finished_at: now, ...done });
    this.#announce(change, id);
  }

  #announce(change: Change, id: string): void {
    change.afterCommit(() => this.#watchers.changed(id));
  }
}

/** Forgets operations that ended before `before`, milliseconds since 1970, with what belongs to them. */
export async function pruneOperations(db: Db, before: number): Promise<void> {
  await db("idempotency").where("created_at", "<", before).delete();
  await db("operations").where("created_at", "<", before).whereNotNull("finished_at").delete();
  await db("operation_steps").whereNotIn("operation_id", db("operations").select("id")).delete();
}
