import type { Logger, Task } from "@patchbay/sdk";
import { pluginQuarantined } from "@patchbay/sdk";
import { auditOperations } from "./audit/operations.ts";
import type { Core } from "./core.ts";
import { changeRooms } from "./front.ts";
import { outcomeOperations } from "./operations/operations.ts";
import type { ActiveGeneration, KernelParts } from "./parts.ts";
import type { FaultRoom } from "./plugins/fault-room.ts";
import { buildGeneration, type Generation, type GenerationOptions } from "./plugins/generation.ts";
import { createInstalls } from "./plugins/install/install.ts";
import { isInstalled } from "./plugins/installed.ts";
import { lifecycleOperations } from "./plugins/lifecycle-operations.ts";
import { LivePlugins } from "./plugins/live.ts";
import { pluginViews } from "./plugins/operations.ts";
import { PluginRecords } from "./plugins/records.ts";
import { pluginSettingsOperations } from "./plugins/settings-operations.ts";
import { Shelf } from "./plugins/shelf.ts";
import { SidePlaces } from "./plugins/side-places.ts";
import { reconcileOperations } from "./reconcile/operations.ts";
import { pruneSchedules } from "./retention.ts";
import type { Rooms } from "./rooms.ts";
import { registerOwn, registerShared } from "./services.ts";
import { runUpgrades } from "./upgrades.ts";

export interface PluginRoomNeeds extends Rooms, Core {
  readonly faults: FaultRoom;
  /** Tasks of the kernel's own rooms. */
  readonly ownTasks: readonly Task[];
  readonly generation: ActiveGeneration;
}

/** Where the plugins are loaded, run and replaced. Nothing is loaded before `open`. */
export function openPluginRoom(parts: KernelParts, rooms: PluginRoomNeeds) {
  const { foundation, host, instance } = parts;
  const { clock, logger, storage } = foundation;
  const { faults, generation, outbox, root } = rooms;
  const processes = parts.processes({
    onFault: faults.ledger.report,
    servicesOf: (plugin) => {
      const own = root.child();
      registerShared(own, rooms, generation);
      registerOwn(own, plugin, { ...parts, ...rooms });
      return { use: (token) => own.use(token), find: (token) => own.find(token) };
    },
  });
  const records = new PluginRecords(storage, clock);
  const places = new SidePlaces(storage);
  const installs = createInstalls({
    instance,
    storage,
    logger,
    helper: host.helper,
    live: {
      known: () =>
        live.inventory.all.flatMap(({ found, source }) => (found ? [{ manifest: found.manifest, source }] : [])),
      replace: async ({ entry, found }) => {
        shelf.take(found.manifest.id, entry);
        await live.replace(found);
      },
    },
  });
  const shelf = new Shelf({ bundled: parts.bundled, installs, processes });
  const state = { isRunning: false };
  const savePlaces = () =>
    places.save().catch((error: unknown) => logger.error("places of side ports were not written down", { error }));
  const operations = () => [
    ...rooms.auth.operations,
    ...outcomeOperations(rooms.outcomes),
    ...reconcileOperations(() => rooms.reconciler, storage),
    ...auditOperations(() => rooms.audit),
    ...pluginViews({ live, log: faults.log, shelf }),
    ...lifecycleOperations({ live, installs, dropSettings: (change, id) => rooms.settings.dropPlugin(change, id) }),
    ...pluginSettingsOperations(rooms),
    ...installs.operations,
  ];
  const live: LivePlugins = new LivePlugins({
    storage,
    logger,
    shelf,
    records,
    faults: faults.ledger,
    build: (plugins, known) =>
      buildGeneration({ ...fixedOptions(parts, rooms, places), plugins, known, operations: operations() }),
    follow: async (now, before) => {
      await savePlaces();
      if (state.isRunning) await follow(parts, rooms, { now, before });
    },
    announceQuarantine: (change, event) => outbox.emit(change.db, pluginQuarantined, event),
  });
  // What is installed or removed is seen at once.
  storage.onWrite(async (tables) => {
    if (!tables.has("plugin_packages")) return;
    await live.inventory.look().catch((error: unknown) => logger.error("the plugins cannot be listed", { error }));
  });
  return {
    live,
    async open(): Promise<void> {
      await storage.migrate("plugin-packages", installs.migrations);
      await installs.recover();
      await places.load();
      await live.open();
      await savePlaces();
    },
    /** Does the last of the start, in which no plugin comes or goes. From then on all that runs follows the generation. */
    start: (work: () => Promise<void>): Promise<void> =>
      live.still(async () => {
        await work();
        state.isRunning = true;
        faults.log.start();
      }),
    survived: () => records.survived(),
    async close(): Promise<void> {
      await faults.log.stop();
      await live.close();
      await processes.close();
    },
  };
}

/** What every generation is built from besides its plugins and the kernel's operations. */
function fixedOptions(
  parts: KernelParts,
  rooms: PluginRoomNeeds,
  places: SidePlaces,
): Omit<GenerationOptions, "plugins" | "known" | "operations"> {
  const { foundation, host } = parts;
  const { faults, ownTasks, root, settings } = rooms;
  return {
    root,
    sharedServices: (shared, generation) => registerShared(shared, rooms, generation),
    ownServices: (own, plugin, generation) => registerOwn(own, plugin, { ...parts, settings, generation }),
    migrations: [],
    schedules: pruneSchedules(foundation.storage, foundation.clock),
    tasks: ownTasks,
    ports: host.info.ports,
    sidePlaces: (slot, providers) => places.of(slot, providers),
    chosen: (option) => settings.get(option) || undefined,
    isInstalled,
    onThrown: (plugin, where, error) => faults.ledger.thrown(plugin, where, error),
  };
}

/** Makes everything that runs by itself follow a new generation. What fails is logged: the next one tries again. */
async function follow(
  { foundation }: KernelParts,
  rooms: PluginRoomNeeds,
  { now, before }: { now: Generation; before: Generation },
): Promise<void> {
  const { logger } = foundation;
  const known = new Set(before.plugins.map(({ manifest }) => manifest.id));
  const upgrades = now.upgrades.filter(({ plugin }) => !known.has(plugin));
  const { hooks } = changeRooms(rooms.front, now);
  const steps: readonly (() => unknown)[] = [
    () => rooms.tasks.start(),
    () => rooms.schedules.activate(now.schedules),
    () => rooms.settings.settleChoices(),
    () => runUpgrades({ ...foundation, hooks }, upgrades),
    () => rooms.reconciler.follow(),
  ];
  for (const step of steps) await attempt(logger, step);
}

async function attempt(logger: Logger, step: () => unknown): Promise<void> {
  try {
    await step();
  } catch (error) {
    logger.error("something does not follow the plugins that run now", { error });
  }
}
