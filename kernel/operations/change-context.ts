import type { ChangeContext, OperationContext, Task } from "@patchbay/sdk";
import type { Change } from "../storage/types.ts";
import type { Answer } from "./call.ts";
import type { HookRunner } from "./hooks.ts";

/** A task that a handler started, with its payload. */
export interface TaskStart {
  readonly task: Task;
  readonly payload: unknown;
}

/** What a handler did through its context besides writing. */
export class HandlerRecord {
  readonly notes: Record<string, unknown> = {};
  /** Notify hooks to be queued, in their order. */
  readonly letters: ((heldBy: string | undefined) => Promise<void>)[] = [];
  session: Answer["session"];
  start: TaskStart | undefined;

  /** The context of one handler's call, which fills this record. */
  contextOf(
    change: Change,
    { context, hooks }: { context: OperationContext; hooks: Pick<HookRunner, "guarded" | "emit"> },
  ): ChangeContext {
    return {
      ...context,
      read: change.read,
      db: change.db,
      intents: change.intents,
      emit: async (hook, payload) => {
        this.letters.push((heldBy) => hooks.emit(change.db, hook, payload, heldBy));
      },
      run: (hook, payload) => hooks.guarded(hook, payload),
      note: (detail) => Object.assign(this.notes, detail),
      start: (task, payload) => {
        if (this.start) throw new Error(`a change cannot start ${task.id} besides ${this.start.task.id}`);
        this.start = { task: task as Task, payload };
      },
      setSession: (cookie) => {
        this.session = cookie;
      },
    };
  }
}
