import {
  type AccountOfUser,
  type LimitSource,
  Logger,
  type Meter,
  type Migration,
  type ObjectType,
  type Operation,
  type Schedule,
  type Setting,
  type Token,
} from "@patchbay/sdk";
import type { Container } from "../di/container.ts";
import { createHookTable, type HookTable } from "../hooks/hook-table.ts";
import type { RegisteredSchedule } from "../jobs/schedules.ts";
import { createRegistry } from "../operations/routes.ts";
import { createSlotTable, type SlotTable } from "../slots/slot-table.ts";
import { byId, Collected, type Owned, only } from "./contributions.ts";
import type { LoadedPlugin } from "./load.ts";
import { PluginProblems } from "./manifest.ts";

/** The services one plugin sees: its own, those other plugins publish, and the kernel's. */
export interface PluginServices {
  use<T>(token: Token<T>): T;
  find<T>(token: Token<T>): T | undefined;
}

/** The immutable sum of what the plugins contribute. Building one has no effects; using it is swapping one pointer. */
export interface Generation {
  readonly plugins: readonly LoadedPlugin[];
  readonly operations: ReadonlyMap<string, Operation>;
  readonly hooks: HookTable;
  readonly slots: SlotTable;
  readonly objects: ReadonlyMap<string, ObjectType>;
  readonly meters: ReadonlyMap<string, Meter>;
  readonly settings: ReadonlyMap<string, Setting>;
  readonly schedules: readonly RegisteredSchedule[];
  readonly limits: LimitSource | undefined;
  readonly accountOfUser: AccountOfUser | undefined;
  /** In the order they must be applied. */
  readonly migrations: readonly Owned<readonly Migration[]>[];
  /** Services as the plugin that declared this operation sees them. */
  servicesFor(operationId: string): PluginServices;
}

export interface GenerationOptions {
  readonly plugins: readonly LoadedPlugin[];
  /** The kernel's services. */
  readonly root: Container;
  /** Operations of the kernel's own rooms. */
  readonly operations: readonly Operation[];
  readonly migrations: readonly Owned<readonly Migration[]>[];
  readonly schedules: readonly Schedule[];
  readonly chosen: (option: string) => string | undefined;
  readonly isInstalled: (plugin: string) => boolean;
  readonly onBlame: (plugin: string, hookId: string, error: unknown) => void;
}

/** Composes the contributions of all plugins and checks them as a whole. Throws everything that is wrong at once. */
export function buildGeneration(options: GenerationOptions): Generation {
  const shared = options.root.child();
  const collected = new Collected();
  const containers = new Map<string, Container>();
  const problems: string[] = [];
  for (const { manifest, plugin } of options.plugins) {
    const own = shared.child();
    own.value(Logger, options.root.use(Logger));
    containers.set(manifest.id, own);
    try {
      plugin.contribute(collected.contributionsOf(manifest.id, own, shared));
    } catch (error) {
      problems.push(`${manifest.id} failed to contribute: ${(error as Error).message}`);
    }
  }
  const objects = byId(collected.objects, (type) => type.type, "object", problems);
  const meters = byId(collected.meters, (meter) => meter.id, "meter", problems);
  const settings = byId(collected.settings, (setting) => setting.key, "setting", problems);
  byId(collected.schedules, (schedule) => schedule.id, "schedule", problems);
  const limits = only(collected.limits, "the limit source", problems);
  const accountOfUser = only(collected.accountOfUser, "the account of a user", problems);
  const operations = attempt(problems, () =>
    createRegistry([...options.operations, ...collected.operations.map((entry) => entry.value)]),
  );
  const hooks = attempt(problems, () =>
    createHookTable({
      taps: collected.taps,
      onBlame: options.onBlame,
      plugins: options.plugins.map((plugin) => plugin.manifest.id),
    }),
  );
  const slots = attempt(problems, () =>
    createSlotTable({
      slots: collected.slots.map((entry) => entry.value),
      providers: collected.providers.map(({ plugin, value }) => ({
        plugin,
        entry: value,
        use: <T>(token: Token<T>) => (containers.get(plugin) ?? shared).use(token),
      })),
      chosen: options.chosen,
      installed: options.isInstalled,
    }),
  );
  checkObjects(operations, objects, problems);
  if (problems.length > 0 || !operations || !hooks || !slots) throw new PluginProblems(problems);
  const services = new Map<string, PluginServices>();
  const servicesOf = (plugin: string): PluginServices => {
    const known = services.get(plugin);
    if (known) return known;
    const container = containers.get(plugin) ?? shared;
    const made: PluginServices = { use: (token) => container.use(token), find: (token) => container.find(token) };
    services.set(plugin, made);
    return made;
  };
  const ownerOf = new Map(collected.operations.map(({ plugin, value }) => [value.id, plugin]));
  return {
    plugins: options.plugins,
    operations,
    hooks,
    slots,
    objects,
    meters,
    settings,
    schedules: [
      ...options.schedules.map((schedule) => ({ plugin: "kernel", schedule, use: servicesOf("kernel").use })),
      ...collected.schedules.map(({ plugin, value }) => ({ plugin, schedule: value, use: servicesOf(plugin).use })),
    ],
    limits,
    accountOfUser,
    migrations: [...options.migrations, ...collected.migrations],
    servicesFor: (operationId) => servicesOf(ownerOf.get(operationId) ?? "kernel"),
  };
}

function attempt<T>(problems: string[], build: () => T): T | undefined {
  try {
    return build();
  } catch (error) {
    problems.push((error as Error).message);
    return undefined;
  }
}

/** An ownership rule that names no known object would never be checked. */
function checkObjects(
  operations: ReadonlyMap<string, Operation> | undefined,
  objects: ReadonlyMap<string, ObjectType>,
  problems: string[],
): void {
  for (const operation of operations?.values() ?? []) {
    const type = operation.access.object?.type;
    if (type !== undefined && !objects.has(type)) problems.push(`${operation.id} names the unknown object ${type}`);
  }
}
