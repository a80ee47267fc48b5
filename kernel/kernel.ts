import { Backends, Switching, type Task } from "@patchbay/sdk";
import { openBackends } from "./backends.ts";
import { connectCore } from "./core.ts";
import { changeRooms } from "./front.ts";
import { isReported } from "./isolation/reported.ts";
import type { KernelParts } from "./parts.ts";
import { openPluginRoom } from "./plugin-room.ts";
import { createFaultRoom } from "./plugins/fault-room.ts";
import type { Generation } from "./plugins/generation.ts";
import type { LivePlugins } from "./plugins/live.ts";
import { DriftTimer } from "./reconcile/drift-timer.ts";
import { createRooms } from "./rooms.ts";
import { registerServices } from "./services.ts";
import { runUpgrades } from "./upgrades.ts";

export type { KernelParts } from "./parts.ts";

/** The kernel with its rooms connected. */
export type Kernel = Awaited<ReturnType<typeof createKernel>>;

/** So long after its start the panel has survived its plugins. Milliseconds. */
const probation = 5_000;

/** Connects the rooms and loads the plugins. Nothing runs before `start`. */
export async function createKernel(parts: KernelParts) {
  const { storage, logger } = parts.foundation;
  const running: { plugins?: LivePlugins } = {};
  const plugins = (): LivePlugins => {
    if (!running.plugins) throw new Error("the plugins are not open yet");
    return running.plugins;
  };
  const generation = (): Generation => plugins().generation();
  const faults = createFaultRoom({
    ...parts.foundation,
    isReported,
    takeOut: (id, reason) => plugins().takeOut(id, reason),
  });
  const needs = {
    generation,
    onThrown: (plugin: string, where: string, error: unknown) => faults.ledger.thrown(plugin, where, error),
  };
  const rooms = createRooms(parts, needs);
  const core = connectCore(parts, rooms, needs);
  registerServices(core, parts, rooms);
  const { backends, switching } = openBackends(parts, { ...rooms, ...core, generation });
  core.root.value(Backends, backends);
  core.root.value(Switching, switching);
  const ownTasks = [backends.task, switching.task] as readonly Task[];
  const room = openPluginRoom(parts, { ...rooms, ...core, faults, ownTasks, generation });
  running.plugins = room.live;
  await rooms.settings.load();
  await room.open();
  const { auth, audit, jobs, schedules, settings, system } = rooms;
  const { outcomes, reconciler, run, tasks } = core;
  const driftTimer = new DriftTimer(reconciler, logger);
  let survival: NodeJS.Timeout | undefined;
  return {
    auth,
    audit,
    generation,
    outcomes,
    plugins: room.live,
    reconciler,
    run,
    system,
    start: (): Promise<void> =>
      room.start(async () => {
        // On a full disk the sites must still come up.
        await settings.settleChoices().catch((error: unknown) => {
          logger.error("the backends that serve could not be written down", { error });
        });
        const { hooks } = changeRooms(core.front, generation());
        await runUpgrades({ ...parts.foundation, hooks }, generation().upgrades);
        await reconciler.start();
        jobs.start();
        tasks.start();
        await schedules.activate(generation().schedules);
        driftTimer.start();
        survival = setTimeout(() => void room.survived().catch(() => undefined), probation);
      }),
    async stop(): Promise<void> {
      clearTimeout(survival);
      await driftTimer.stop();
      await schedules.stop();
      await Promise.all([tasks.stop(), jobs.stop()]);
      await reconciler.stop();
      await room.survived().catch(() => undefined);
      await room.close();
      await auth.close();
      await audit.stop();
      await storage.close();
    },
  };
}
