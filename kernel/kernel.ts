import { Backends, Switching, type Task } from "@patchbay/sdk";
import { auditOperations } from "./audit/operations.ts";
import { openBackends } from "./backends.ts";
import { type Core, connectCore } from "./core.ts";
import { createBlameLedger } from "./hooks/blame.ts";
import { outcomeOperations } from "./operations/operations.ts";
import type { ActiveGeneration, KernelParts } from "./parts.ts";
import { buildGeneration, type Generation } from "./plugins/generation.ts";
import { isInstalled } from "./plugins/installed.ts";
import { pluginOperations } from "./plugins/operations.ts";
import { DriftTimer } from "./reconcile/drift-timer.ts";
import { reconcileOperations } from "./reconcile/operations.ts";
import { pruneSchedules } from "./retention.ts";
import { createRooms, type Rooms } from "./rooms.ts";
import { ownServices, registerServices } from "./services.ts";
import { K } from "./tokens.ts";
import { runUpgrades } from "./upgrades.ts";

export type { KernelParts } from "./parts.ts";

/** The kernel with its rooms connected. */
export type Kernel = Awaited<ReturnType<typeof createKernel>>;

/** Connects the rooms. Nothing runs before `start`. */
export async function createKernel(parts: KernelParts) {
  const { storage, logger } = parts.foundation;
  const active: { generation?: Generation } = {};
  const generation = (): Generation => {
    if (!active.generation) throw new Error("no generation is active yet");
    return active.generation;
  };
  const rooms = createRooms(parts, generation);
  const core = connectCore(parts, rooms, generation);
  registerServices(core, parts, { ...rooms, generation });
  const { backends, switching } = openBackends(parts, { ...rooms, ...core, generation });
  core.root.value(Backends, backends);
  core.root.value(Switching, switching);
  const ownTasks = [backends.task, switching.task] as readonly Task[];
  active.generation = composeGeneration(parts, { ...rooms, ...core, ownTasks, generation });
  for (const { plugin, value } of generation().migrations) await storage.migrate(plugin, value);
  await rooms.settings.load();
  const { auth, audit, jobs, schedules, settings, system } = rooms;
  const { outcomes, reconciler, run, tasks } = core;
  const driftTimer = new DriftTimer(reconciler, logger);
  return {
    auth,
    audit,
    generation,
    outcomes,
    reconciler,
    run,
    system,
    async start(): Promise<void> {
      // On a full disk the sites must still come up.
      await settings.settleChoices().catch((error: unknown) => {
        logger.error("the backends that serve could not be written down", { error });
      });
      await runUpgrades({ ...parts.foundation, hooks: core.root.use(K.changeRooms)().hooks }, generation().upgrades);
      await reconciler.start();
      jobs.start();
      tasks.start();
      await schedules.activate(generation().schedules);
      driftTimer.start();
    },
    async stop(): Promise<void> {
      await driftTimer.stop();
      await schedules.stop();
      await Promise.all([tasks.stop(), jobs.stop()]);
      await reconciler.stop();
      await auth.close();
      await audit.stop();
      await storage.close();
    },
  };
}

/** The generation of these plugins, with the operations of the kernel's own rooms. */
function composeGeneration(
  parts: KernelParts,
  rooms: Rooms & Core & { readonly ownTasks: readonly Task[]; readonly generation: ActiveGeneration },
): Generation {
  const { foundation, host, plugins } = parts;
  const { auth, audit, generation, outcomes, ownTasks, reconciler, root, settings } = rooms;
  const { clock, logger, storage } = foundation;
  const blame = createBlameLedger({
    clock,
    onDegraded: (plugin, hook, error) => logger.error("a plugin keeps failing", { plugin, hook, error }),
  });
  const manifests = new Map(plugins.map(({ manifest }) => [manifest.id, manifest]));
  return buildGeneration({
    plugins,
    root,
    ownServices: ownServices({ foundation, host, settings }),
    operations: [
      ...auth.operations,
      ...outcomeOperations(outcomes),
      ...reconcileOperations(() => reconciler, storage),
      ...auditOperations(() => audit),
      ...pluginOperations({ generation, settings }),
    ],
    migrations: [],
    schedules: pruneSchedules(storage, clock),
    tasks: ownTasks,
    ports: host.info.ports,
    chosen: (option) => settings.get(option) || undefined,
    isInstalled: (plugin) => {
      const manifest = manifests.get(plugin);
      return manifest !== undefined && isInstalled(manifest);
    },
    onBlame: (plugin, hook, error) => blame.blame(plugin, hook, error),
  });
}
