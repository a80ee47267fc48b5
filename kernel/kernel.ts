import {
  AuditLog,
  Clock,
  HostAccounts,
  HostInfo,
  Invoker,
  Logger,
  Machine,
  Passwords,
  Quotas,
  Reads,
  type Schedule,
  ServerOptions,
  Services,
  SystemFacts,
  Users,
  Writes,
} from "@patchbay/sdk";
import { createOwnership } from "./access/ownership.ts";
import { createAudit } from "./audit/audit.ts";
import { auditOperations } from "./audit/operations.ts";
import { createAuth } from "./auth/auth.ts";
import { crashPointFrom } from "./crash-point.ts";
import { Container } from "./di/container.ts";
import type { Foundation } from "./foundation.ts";
import { changeRooms, type FrontRooms, pipelineRoomsOf } from "./front.ts";
import { createBlameLedger } from "./hooks/blame.ts";
import { createHostAccounts } from "./host/host-accounts.ts";
import { createMachine } from "./host/machine.ts";
import { createServices } from "./host/services.ts";
import { createSystemFacts } from "./host/system-facts.ts";
import type { Host } from "./host/types.ts";
import type { Instance } from "./instance.ts";
import { createJobs } from "./jobs/jobs.ts";
import { createOutbox } from "./jobs/outbox.ts";
import { createSchedules } from "./jobs/schedules.ts";
import type { Call } from "./operations/call.ts";
import { ChangeRunner } from "./operations/change.ts";
import { outcomeOperations } from "./operations/operations.ts";
import { Outcomes } from "./operations/outcome.ts";
import { Pipeline } from "./operations/pipeline.ts";
import { buildGeneration, type Generation } from "./plugins/generation.ts";
import { isInstalled } from "./plugins/installed.ts";
import type { LoadedPlugin } from "./plugins/load.ts";
import { pluginOperations } from "./plugins/operations.ts";
import { createQuotas } from "./quotas/quotas.ts";
import { createReconciler } from "./reconcile/engine.ts";
import { reconcileOperations } from "./reconcile/operations.ts";
import { pruneSchedules } from "./retention.ts";
import { createSettings } from "./settings/settings.ts";
import { slotOptions } from "./slots/slot-options.ts";
import { createAnchorFile } from "./storage/anchor-file.ts";
import { K } from "./tokens.ts";
import { wireKernel } from "./wiring.ts";

/** The kernel with its rooms connected. */
export type Kernel = Awaited<ReturnType<typeof createKernel>>;

export interface KernelParts {
  readonly instance: Instance;
  readonly foundation: Foundation;
  readonly host: Host;
  readonly plugins: readonly LoadedPlugin[];
  /** `PATCHBAY_CRASH_AT`. */
  readonly crashAt: string | undefined;
}

/** Connects the rooms. Nothing runs before `start`. */
export async function createKernel(parts: KernelParts) {
  const { instance, foundation, host } = parts;
  const { storage, clock, ids, sealer, logger } = foundation;
  const active: { generation?: Generation } = {};
  const generation = (): Generation => {
    if (!active.generation) throw new Error("no generation is active yet");
    return active.generation;
  };
  const system = createSystemFacts(instance);
  const anchor = createAnchorFile(instance.panel);
  const audit = createAudit({ storage, sealer, clock, ids, anchor, logger });
  const accountOfUser = () => generation().accountOfUser;
  const auth = createAuth({ storage, clock, ids, sealer, accountOfUser, system });
  const onWrite = (listener: (tables: ReadonlySet<string>) => void) => storage.onWrite(listener);
  const ownership = createOwnership({ read: storage.read, objectTypes: () => generation().objects, onWrite });
  const quotas = createQuotas({ meters: () => generation().meters, limits: () => generation().limits });
  const settings = createSettings({
    storage,
    sealer,
    declared: () => generation().settings,
    choices: () => slotOptions(generation().slots),
  });
  const jobs = createJobs({ storage, clock, ids, logger });
  const outbox = createOutbox(jobs, () => generation().hooks);
  const schedules = createSchedules({ storage, clock, logger, jobs });
  const crashPoint = crashPointFrom(parts.crashAt);

  const root = new Container();
  wireKernel();
  root.value(K.clock, clock);
  root.value(K.ids, ids);
  root.value(K.sealer, sealer);
  root.value(K.storage, storage);
  root.value(K.crashPoint, crashPoint);
  const outcomes = root.make(K.outcomes, Outcomes);
  const reconciler = createReconciler({
    storage,
    host,
    slots: () => generation().slots,
    logger,
    clock,
    ids,
    crashPoint,
    outcomeOf: (changeId) => outcomes.ended(storage.read, changeId),
    onOutcome: async (change, changeId, result) => {
      await outcomes.finish(change.db, changeId, result, clock.now());
      await jobs.settle(change.db, changeId, result.state !== "undone");
    },
  });
  root.value(K.reconciler, reconciler);
  const front: FrontRooms = { generation, ownership, audit, quotas, outbox };
  root.value(K.changeRooms, () => changeRooms(front));
  root.make(K.changes, ChangeRunner);
  const pipeline = root.make(K.pipeline, Pipeline);
  const roomsOf = pipelineRoomsOf(front);
  const run = (call: Call) => pipeline.run(call, roomsOf(call.operation.id));

  root.value(Clock, clock);
  root.value(Logger, logger);
  root.value(HostInfo, host.info);
  root.value(HostAccounts, createHostAccounts(host.helper));
  root.value(Services, createServices(host.helper));
  root.value(Machine, createMachine(instance.data));
  root.value(Passwords, auth.passwords);
  root.value(Users, auth.users);
  root.value(ServerOptions, settings);
  root.value(Quotas, quotas);
  root.value(AuditLog, audit);
  root.value(SystemFacts, system);
  root.value(Reads, storage.read);
  root.value(Writes, {
    write: (work) =>
      storage.change(async (change) => {
        const result = await work(change.db, change.intents);
        await storage.settle(change, change.id);
        return result;
      }),
  });
  root.value(Invoker, {
    invoke: async (operationId, input, principal) => {
      const operation = generation().operations.get(operationId);
      if (!operation) throw new Error(`there is no operation ${operationId}`);
      return (await run({ operation, principal, raw: input as Record<string, unknown> })).data;
    },
  });

  const blame = createBlameLedger({
    clock,
    onDegraded: (plugin, hook, error) => logger.error("a plugin keeps failing", { plugin, hook, error }),
  });
  const installed = new Map(parts.plugins.map((plugin) => [plugin.manifest.id, plugin.manifest]));
  const kernelSchedules: readonly Schedule[] = pruneSchedules(storage, clock);
  active.generation = buildGeneration({
    plugins: parts.plugins,
    root,
    operations: [
      ...auth.operations,
      ...outcomeOperations(outcomes),
      ...reconcileOperations(() => reconciler, storage),
      ...auditOperations(() => audit),
      ...pluginOperations(generation),
    ],
    migrations: [],
    schedules: kernelSchedules,
    chosen: (option) => settings.get(option) || undefined,
    isInstalled: (plugin) => {
      const manifest = installed.get(plugin);
      return manifest !== undefined && isInstalled(manifest);
    },
    onBlame: (plugin, hook, error) => blame.blame(plugin, hook, error),
  });
  for (const { plugin, value } of generation().migrations) await storage.migrate(plugin, value);
  await settings.load();

  return {
    auth,
    audit,
    generation,
    outcomes,
    reconciler,
    run,
    system,
    async start(): Promise<void> {
      await reconciler.start();
      jobs.start();
      await schedules.activate(generation().schedules);
    },
    async stop(): Promise<void> {
      await schedules.stop();
      await jobs.stop();
      await reconciler.stop();
      await auth.close();
      await audit.stop();
      await storage.close();
    },
  };
}
