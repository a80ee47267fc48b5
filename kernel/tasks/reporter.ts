import type { TaskContext } from "@patchbay/sdk";
import type { TaskLog } from "../operations/task-log.ts";
import type { Storage } from "../storage/types.ts";

/** Smaller moves are not worth a write to the disk. */
const leastMove = 0.01;

/** Writes down how far a task is, where that has changed. Each call is a transaction of its own. */
export function createReporter(
  { storage, log }: { readonly storage: Storage; readonly log: TaskLog },
  operation: string,
): Pick<TaskContext, "step" | "progress"> {
  const shown = new Map<string, string>();
  let reached = 0;
  return {
    step: async (name, state, message = "") => {
      const text = `${state} ${message}`;
      if (shown.get(name) === text) return;
      await storage.change((change) => log.step(change, operation, { name, state, message }));
      shown.set(name, text);
    },
    progress: async (share) => {
      const bounded = Math.min(share, 1);
      if (!(bounded >= reached + leastMove) && !(bounded === 1 && reached < 1)) return;
      await storage.change((change) => log.progress(change, operation, bounded));
      reached = bounded;
    },
  };
}
