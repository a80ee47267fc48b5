import {
  type BackendState,
  type Backends,
  type ChangeContext,
  conflict,
  type Logger,
  type Manifest,
  type Read,
  type Services,
  type SlotChoice,
  type Task,
} from "@patchbay/sdk";
import type { Packages } from "../host/packages.ts";
import type { Host } from "../host/types.ts";
import type { Settings } from "../settings/settings.ts";
import type { SlotTable } from "../slots/slot-table.ts";
import { createInstallTask, type InstallOrder } from "./install-task.ts";
import { targetOf } from "./target.ts";

export interface BackendDeps {
  readonly settings: Pick<Settings, "choices">;
  readonly slots: () => SlotTable;
  readonly services: Pick<Services, "list">;
  readonly packages: Packages;
  readonly host: Pick<Host, "info">;
  readonly logger: Logger;
  readonly read: Read;
  /** The manifest of a plugin of the current generation. */
  readonly manifest: (plugin: string) => Manifest | undefined;
}

/** The service, and the task it starts, which must be among those of the generation. */
export interface BackendsRoom extends Backends {
  readonly task: Task<InstallOrder>;
}

/** How long a provider may take to report of a unit. Milliseconds. */
const reportMs = 10_000;

export function createBackends(deps: BackendDeps): BackendsRoom {
  const task = createInstallTask(deps);
  return {
    task,
    list: () => listBackends(deps),
    install: (change, option, value) => install(deps, { change, option, value, task }),
    report: (slot, key) => report(deps, slot, key),
  };
}

async function listBackends(deps: BackendDeps): Promise<readonly BackendState[]> {
  const choices = await deps.settings.choices();
  const plugins = [...new Set(choices.flatMap(({ providers }) => providers.map(({ plugin }) => plugin)))];
  const [{ versions, installable }, services] = await Promise.all([
    deps.packages.versions(plugins),
    deps.services.list(),
  ]);
  const running = new Set(services.filter(({ status }) => status === "running").map(({ plugin }) => plugin));
  return choices.flatMap((choice) =>
    choice.providers.map((provider): BackendState => {
      const manifest = deps.manifest(provider.plugin);
      const active = choice.chosen === provider.id;
      const first = manifest?.packages[0]?.apt.split(/\s+/)[0];
      const hasDaemon = Object.keys(manifest?.grants.services ?? {}).length > 0;
      return {
        option: choice.option,
        slot: choice.slot,
        ...provider,
        version: first === undefined ? null : (versions[first] ?? null),
        running: hasDaemon ? running.has(provider.plugin) : active,
        active,
        installable: installable && !provider.installed && first !== undefined,
      };
    }),
  );
}

async function install(
  deps: BackendDeps,
  { change, option, value, task }: { change: ChangeContext; option: string; value: string; task: Task<InstallOrder> },
): Promise<void> {
  const { choice, candidate } = await targetOf(deps, option, value);
  if (!candidate || candidate.installed()) return;
  const needed = deps.manifest(candidate.plugin)?.packages ?? [];
  // Whether the system has a package manager is asked when the task runs: nobody may be waited for in a change.
  if (!deps.host.info.multiUser || needed.length === 0) {
    throw conflict("BACKEND_NOT_INSTALLABLE", notInstallable(choice, candidate.title));
  }
  change.start(task, { slot: choice.slot, provider: candidate.id });
}

function notInstallable(choice: SlotChoice, title: string): string {
  return `The panel cannot install ${title} for ${choice.title} here: it has to run as root for that.`;
}

async function report(
  { slots, read }: BackendDeps,
  slotId: string,
  key: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const entry = slots().get(slotId);
  const unit = (await entry?.slot.load(read, [key]))?.get(key);
  if (!entry || !unit) return undefined;
  const assigned = (await entry.slot.assigned?.(read, [key]))?.get(key);
  const choice = entry.chosen();
  const server = assigned ?? (typeof choice === "object" && "id" in choice ? choice.id : undefined);
  const provider = entry.candidates.find(({ id }) => id === server)?.provider();
  if (provider?.kind !== "execute") return undefined;
  return provider.report?.(key, unit, AbortSignal.timeout(reportMs));
}
