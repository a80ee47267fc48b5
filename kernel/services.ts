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
import type { ActiveGeneration, KernelParts } from "./parts.ts";
import { createVault } from "./plugins/vault.ts";
import type { Rooms } from "./rooms.ts";
import type { Storage } from "./storage/types.ts";

/** Registers what every plugin may use, the same for all. */
export function registerServices(
  { root, run }: Pick<Core, "root" | "run">,
  { instance, foundation, host, serverCertificate }: KernelParts,
  { auth, settings, quotas, audit, system, generation }: Rooms & { readonly generation: ActiveGeneration },
): void {
  root.value(Clock, foundation.clock);
  root.value(Logger, foundation.logger);
  root.value(HostInfo, host.info);
  root.value(HostAccounts, createHostAccounts(host.helper));
  root.value(Services, createServices(host.helper));
  root.value(Machine, createMachine(instance.data));
  root.value(Passwords, auth.passwords);
  root.value(Users, auth.users);
  root.value(ServerOptions, settings);
  root.value(ServerCertificate, serverCertificate);
  root.value(Quotas, quotas);
  root.value(AuditLog, audit);
  root.value(SystemFacts, system);
  root.value(Reads, foundation.storage.read);
  root.value(Writes, writesOf(foundation.storage));
  root.value(Invoker, {
    invoke: async (operationId, input, principal) => {
      const operation = generation().operations.get(operationId);
      if (!operation) throw new Error(`there is no operation ${operationId}`);
      return (await run({ operation, principal, raw: input as Record<string, unknown> })).data;
    },
  });
}

/** Registers what each plugin has for itself in that plugin's own container. */
export function ownServices({
  foundation: { sealer },
  host,
  settings,
}: Pick<KernelParts, "foundation" | "host"> & Pick<Rooms, "settings">): (own: Container, plugin: string) => void {
  return (own, plugin) => {
    own.factory(Vault, () => createVault(sealer, plugin));
    own.factory(Wire, () => createWire(host.info));
    own.factory(StateFiles, () => createStateFiles(host.helper, plugin));
    own.factory(PluginSettings, () => settings.ofPlugin(plugin));
  };
}

function writesOf(storage: Storage): Writes {
  return {
    write: (work) =>
      storage.change(async (change) => {
        const result = await work(change.db, change.intents);
        await storage.settle(change, change.id);
        return result;
      }),
  };
}
