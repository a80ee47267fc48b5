import { isPanelError, ProviderError } from "@patchbay/sdk";
import { crashPointFrom } from "./crash-point.ts";
import { Container } from "./di/container.ts";
import { type FrontRooms, pipelineRoomsOf } from "./front.ts";
import type { Answer, Call } from "./operations/call.ts";
import { ChangeRunner } from "./operations/change.ts";
import { Outcomes } from "./operations/outcome.ts";
import { Pipeline } from "./operations/pipeline.ts";
import { TaskLog } from "./operations/task-log.ts";
import type { KernelParts, PluginNeeds } from "./parts.ts";
import type { Generation } from "./plugins/generation.ts";
import { createReconciler } from "./reconcile/engine.ts";
import type { Rooms } from "./rooms.ts";
import { createTasks } from "./tasks/tasks.ts";
import { K } from "./tokens.ts";
import { wireKernel } from "./wiring.ts";

/** The way of a change: from the call through the transaction to the daemons. */
export type Core = ReturnType<typeof connectCore>;

export function connectCore(parts: KernelParts, rooms: Rooms, { generation, onThrown }: PluginNeeds) {
  const { storage, clock, ids, logger } = parts.foundation;
  const root = openRoot(parts);
  const outcomes = root.make(K.outcomes, Outcomes);
  const tasks = createTasks({
    storage,
    clock,
    ids,
    logger,
    log: new TaskLog(outcomes.watchers),
    audit: rooms.audit,
    declared: () => generation().tasks,
    onThrown,
  });
  const reconciler = createReconciler({
    storage,
    host: parts.host,
    slots: () => generation().slots,
    logger,
    clock,
    ids,
    crashPoint: root.use(K.crashPoint),
    config: rooms.liveHooks,
    outcomeOf: (changeId) => outcomes.ended(storage.read, changeId),
    onOutcome: async (change, changeId, result) => {
      await outcomes.finish(change, changeId, result, clock.now());
      await rooms.jobs.settle(change.db, changeId, result.state !== "undone");
      change.afterCommit(() => tasks.wake());
    },
  });
  root.value(K.reconciler, reconciler);
  const front: FrontRooms = { ...rooms, tasks };
  root.make(K.changes, ChangeRunner);
  const pipeline = root.make(K.pipeline, Pipeline);
  const roomsOf = pipelineRoomsOf(front);
  /** Runs a call on a generation, the current one if none is given, to its end. */
  const run = async (call: Call, within: Generation = generation()): Promise<Answer> => {
    const end = within.calls.begin();
    try {
      return await pipeline.run(call, roomsOf(within, call.operation.id));
    } catch (error) {
      const plugin = within.ownerOf(call.operation.id);
      if (plugin !== undefined && !isPanelError(error) && !(error instanceof ProviderError)) {
        onThrown(plugin, call.operation.id, error);
      }
      throw error;
    } finally {
      end();
    }
  };
  return { root, outcomes, tasks, reconciler, front, run };
}

function openRoot({ foundation, crashAt }: KernelParts): Container {
  const root = new Container();
  wireKernel();
  root.value(K.clock, foundation.clock);
  root.value(K.ids, foundation.ids);
  root.value(K.sealer, foundation.sealer);
  root.value(K.storage, foundation.storage);
  root.value(K.crashPoint, crashPointFrom(crashAt));
  return root;
}
