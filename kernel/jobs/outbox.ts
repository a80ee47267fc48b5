import type { Db, Hook } from "@patchbay/sdk";
import type { HookTable } from "../hooks/hook-table.ts";
import type { Jobs } from "./jobs.ts";

const queue = "notify";

/** What the outbox needs of the hook room. */
export type Deliverer = Pick<HookTable, "subscribers" | "deliver">;

/** Delivers notify hooks after commit, to every plugin on its own: one that fails does not hold up the others. */
export interface Outbox {
  /**
   * Queues the payload (JSON-safe) for each subscriber, in the caller's transaction. With `heldBy` it waits until that
   * change is final (`Jobs.settle`), and is never delivered when it is undone.
   */
  emit<P>(db: Db, hook: Hook<"notify", P>, payload: P, heldBy?: string): Promise<void>;
}

interface Letter {
  readonly plugin: string;
  readonly hook: string;
  readonly payload: unknown;
}

/**
 * Takes the queue `notify`. `hooks` answers the table of the current generation: a letter for a plugin that is gone is tried
 * again for a while, as the plugin may only be being replaced, and then given up.
 */
export function createOutbox(jobs: Jobs, hooks: () => Deliverer): Outbox {
  jobs.handle(queue, (payload, signal) => {
    const letter = payload as Letter;
    return hooks().deliver(letter.plugin, letter.hook, letter.payload, signal);
  });
  return {
    emit: async (db, hook, payload, heldBy) => {
      for (const plugin of hooks().subscribers(hook.id)) {
        const letter: Letter = { plugin, hook: hook.id, payload };
        await jobs.enqueue(db, { queue, payload: letter, ...(heldBy === undefined ? {} : { heldBy }) });
      }
    },
  };
}
