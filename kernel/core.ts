import { crashPointFrom } from "./crash-point.ts";
import { Container } from "./di/container.ts";
import { changeRooms, type FrontRooms, pipelineRoomsOf } from "./front.ts";
import type { Call } from "./operations/call.ts";
import { ChangeRunner } from "./operations/change.ts";
import { Outcomes } from "./operations/outcome.ts";
import { Pipeline } from "./operations/pipeline.ts";
import { TaskLog } from "./operations/task-log.ts";
import type { ActiveGeneration, KernelParts } from "./parts.ts";
import { createReconciler } from "./reconcile/engine.ts";
import type { Rooms } from "./rooms.ts";
import { createTasks } from "./tasks/tasks.ts";
import { K } from "./tokens.ts";
import { wireKernel } from "./wiring.ts";

/** The way of a change: from the call through the transaction to the daemons. */
export type Core = ReturnType<typeof connectCore>;

export function connectCore(parts: KernelParts, rooms: Rooms, generation: ActiveGeneration) {
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
  });
  const reconciler = createReconciler({
    storage,
    host: parts.host,
    slots: () => generation().slots,
    logger,
    clock,
    ids,
    crashPoint: root.use(K.crashPoint),
    outcomeOf: (changeId) => outcomes.ended(storage.read, changeId),
    onOutcome: async (change, changeId, result) => {
      await outcomes.finish(change, changeId, result, clock.now());
      await rooms.jobs.settle(change.db, changeId, result.state !== "undone");
      change.afterCommit(() => tasks.wake());
    },
  });
  root.value(K.reconciler, reconciler);
  const front: FrontRooms = { ...rooms, generation, tasks };
  root.value(K.changeRooms, () => changeRooms(front));
  root.make(K.changes, ChangeRunner);
  const pipeline = root.make(K.pipeline, Pipeline);
  const roomsOf = pipelineRoomsOf(front);
  return {
    root,
    outcomes,
    tasks,
    reconciler,
    run: (call: Call) => pipeline.run(call, roomsOf(call.operation.id)),
  };
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
