import {
  AuditLog,
  Clock,
  HostAccounts,
  HostInfo,
  Invoker,
  Logger,
  Machine,
  Passwords,
  PluginSettings,
  Quotas,
  Reads,
  ServerCertificate,
  ServerOptions,
  Services,
  StateFiles,
  Store,
  SystemFacts,
  Users,
  Vault,
  Wire,
  Writes,
} from "@patchbay/sdk";
import type { Core } from "./core.ts";
import type { Container } from "./di/container.ts";
import { createHostAccounts } from "./host/host-accounts.ts";
import { createMachine } from "./host/machine.ts";
import { createServices } from "./host/services.ts";
import { createStateFiles } from "./host/state-files.ts";
import { createWire } from "./host/wire.ts";
import type { Outbox } from "./jobs/outbox.ts";
import type { ActiveGeneration, KernelParts } from "./parts.ts";
import { createStore } from "./plugins/documents.ts";
import { createVault } from "./plugins/vault.ts";
import { createQuotas } from "./quotas/quotas.ts";
import { declaredBy, type Rooms } from "./rooms.ts";
import type { Storage } from "./storage/types.ts";

/** Registers what every plugin may use, the same for all. */
export function registerServices(
  { root }: Pick<Core, "root">,
  { instance, foundation, host, serverCertificate }: KernelParts,
  { auth, audit, outbox, system }: Rooms,
): void {
  root.value(Clock, foundation.clock);
  root.value(Logger, foundation.logger);
  root.value(HostInfo, host.info);
  root.value(HostAccounts, createHostAccounts(host.helper));
  root.value(Services, createServices(host.helper));
  root.value(Machine, createMachine(instance.data));
  root.value(Passwords, auth.passwords);
  root.value(Users, auth.users);
  root.value(ServerCertificate, serverCertificate);
  root.value(AuditLog, audit);
  root.value(SystemFacts, system);
  root.value(Reads, foundation.storage.read);
  root.value(Writes, writesOf(foundation.storage, outbox));
}

/** Registers the kernel's services that ask a generation: who began with one ends with it. */
export function registerShared(
  shared: Container,
  { run, settings }: Pick<Core, "run"> & Pick<Rooms, "settings">,
  generation: ActiveGeneration,
): void {
  shared.factory(ServerOptions, () => settings.within(declaredBy(generation)));
  shared.factory(Quotas, () => createQuotas({ meters: () => generation().meters, limits: () => generation().limits }));
  shared.value(Invoker, {
    invoke: async (operationId, input, principal) => {
      const within = generation();
      const operation = within.operations.get(operationId);
      if (!operation) throw new Error(`there is no operation ${operationId}`);
      return (await run({ operation, principal, raw: input as Record<string, unknown> }, within)).data;
    },
  });
}

export interface OwnNeeds extends Pick<KernelParts, "foundation" | "host">, Pick<Rooms, "settings"> {
  readonly generation: ActiveGeneration;
}

/** Registers what a plugin has for itself in that plugin's own container. */
export function registerOwn(
  own: Container,
  plugin: string,
  { foundation, generation, host, settings }: OwnNeeds,
): void {
  const { clock, sealer, storage } = foundation;
  own.factory(Vault, () => createVault(sealer, plugin));
  own.factory(Wire, () => createWire(host.info));
  own.factory(StateFiles, () => createStateFiles(host.helper, plugin));
  own.factory(PluginSettings, () => settings.within(declaredBy(generation)).ofPlugin(plugin));
  own.factory(Store, () => createStore(storage, clock, plugin));
}

function writesOf(storage: Storage, outbox: Outbox): Writes {
  return {
    write: (work) =>
      storage.change(async (change) => {
        const emit: Parameters<typeof work>[2] = (hook, payload) => outbox.emit(change.db, hook, payload);
        const result = await work(change.db, change.intents, emit);
        await storage.settle(change, change.id);
        return result;
      }),
  };
}
