import type {
  AccountOfUser,
  LimitSource,
  Meter,
  Migration,
  ObjectType,
  Operation,
  Schedule,
  Setting,
  SidePorts,
  Task,
  Token,
  Upgrade,
} from "@patchbay/sdk";
import type { Container } from "../di/container.ts";
import { createHookTable, type HookTable } from "../hooks/hook-table.ts";
import type { RegisteredSchedule } from "../jobs/schedules.ts";
import { createRegistry } from "../operations/routes.ts";
import type { DeclaredPluginSettings } from "../settings/plugin-settings.ts";
import { createSlotTable, type SlotTable } from "../slots/slot-table.ts";
import type { RegisteredTask } from "../tasks/run-task.ts";
import { byId, Collected, type Owned, only } from "./contributions.ts";
import type { LoadedPlugin } from "./load.ts";
import { PluginProblems } from "./manifest.ts";

/** The services one plugin sees: its own, those other plugins publish, and the kernel's. */
export interface PluginServices {
  use<T>(token: Token<T>): T;
  find<T>(token: Token<T>): T | undefined;
}

/** An upgrade with the services of its plugin. */
export interface RegisteredUpgrade extends Owned<Upgrade> {
  readonly services: PluginServices;
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
  /** By plugin, then by key. Every plugin is in it. */
  readonly pluginSettings: DeclaredPluginSettings;
  readonly schedules: readonly RegisteredSchedule[];
  readonly tasks: ReadonlyMap<string, RegisteredTask>;
  readonly limits: LimitSource | undefined;
  readonly accountOfUser: AccountOfUser | undefined;
  /** In the order they must be applied. */
  readonly migrations: readonly Owned<readonly Migration[]>[];
  /** In the order they must be run. */
  readonly upgrades: readonly RegisteredUpgrade[];
  /** Services as the plugin that declared this operation sees them. */
  servicesFor(operationId: string): PluginServices;
}

export interface GenerationOptions {
  readonly plugins: readonly LoadedPlugin[];
  /** The kernel's services. */
  readonly root: Container;
  /** Registers the services a plugin has for itself in its container. */
  readonly ownServices: (own: Container, plugin: string) => void;
  /** Operations of the kernel's own rooms. */
  readonly operations: readonly Operation[];
  readonly migrations: readonly Owned<readonly Migration[]>[];
  readonly schedules: readonly Schedule[];
  /** Tasks of the kernel's own rooms. */
  readonly tasks: readonly Task[];
  /** The public ports of the host. */
  readonly ports: SidePorts;
  readonly chosen: (option: string) => string | undefined;
  readonly isInstalled: (plugin: string) => boolean;
  readonly onBlame: (plugin: string, hookId: string, error: unknown) => void;
}

/** What the plugins said, and where each finds its services. */
interface Contributed {
  readonly collected: Collected;
  servicesOf(plugin: string): PluginServices;
}

/** Composes the contributions of all plugins and checks them as a whole. Throws everything that is wrong at once. */
export function buildGeneration(options: GenerationOptions): Generation {
  const problems: string[] = [];
  const { collected, servicesOf } = contribute(options, problems);
  const objects = byId(collected.objects, (type) => type.type, "object", problems);
  const meters = byId(collected.meters, (meter) => meter.id, "meter", problems);
  const settings = byId(collected.settings, (setting) => setting.key, "setting", problems);
  const pluginSettings = byPlugin(options.plugins, collected.pluginSettings, problems);
  byId(collected.schedules, (schedule) => schedule.id, "schedule", problems);
  const tasks = [...options.tasks.map(ofKernel), ...collected.tasks];
  byId(tasks, (task) => task.id, "task", problems);
  byId(collected.upgrades, (upgrade) => upgrade.id, "upgrade", problems);
  const limits = only(collected.limits, "the limit source", problems);
  const accountOfUser = only(collected.accountOfUser, "the account of a user", problems);
  const operations = attempt(problems, () =>
    createRegistry([...options.operations, ...collected.operations.map((entry) => entry.value)]),
  );
  const hooks = attempt(problems, () => hookTable(options, collected));
  const slots = attempt(problems, () => slotTable(options, collected, servicesOf));
  checkObjects(operations, objects, problems);
  if (problems.length > 0 || !operations || !hooks || !slots) throw new PluginProblems(problems);
  const ownerOf = new Map(collected.operations.map(({ plugin, value }) => [value.id, plugin]));
  return {
    plugins: options.plugins,
    operations,
    hooks,
    slots,
    objects,
    meters,
    settings,
    pluginSettings,
    limits,
    accountOfUser,
    schedules: [...options.schedules.map(ofKernel), ...collected.schedules].map(({ plugin, value }) => {
      return { plugin, schedule: value, use: servicesOf(plugin).use };
    }),
    tasks: new Map(tasks.map(({ plugin, value }) => [value.id, { plugin, task: value, use: servicesOf(plugin).use }])),
    migrations: [...options.migrations, ...collected.migrations],
    upgrades: collected.upgrades.map((owned) => ({ ...owned, services: servicesOf(owned.plugin) })),
    servicesFor: (operationId) => servicesOf(ownerOf.get(operationId) ?? "kernel"),
  };
}

function ofKernel<T>(value: T): Owned<T> {
  return { plugin: "kernel", value };
}

function contribute({ plugins, root, ownServices }: GenerationOptions, problems: string[]): Contributed {
  const shared = root.child();
  const collected = new Collected();
  const containers = new Map<string, Container>();
  for (const { manifest, plugin } of plugins) {
    const own = shared.child();
    ownServices(own, manifest.id);
    containers.set(manifest.id, own);
    try {
      plugin.contribute(collected.contributionsOf(manifest.id, own, shared));
    } catch (error) {
      problems.push(`${manifest.id} failed to contribute: ${(error as Error).message}`);
    }
  }
  const services = new Map<string, PluginServices>();
  const servicesOf = (plugin: string): PluginServices => {
    const known = services.get(plugin);
    if (known) return known;
    const container = containers.get(plugin) ?? shared;
    const made: PluginServices = { use: (token) => container.use(token), find: (token) => container.find(token) };
    services.set(plugin, made);
    return made;
  };
  return { collected, servicesOf };
}

function hookTable({ onBlame, plugins }: GenerationOptions, { taps }: Collected): HookTable {
  return createHookTable({ taps, onBlame, plugins: plugins.map((plugin) => plugin.manifest.id) });
}

function slotTable(options: GenerationOptions, collected: Collected, servicesOf: Contributed["servicesOf"]): SlotTable {
  const shares = ({ manifest }: LoadedPlugin) =>
    Object.values(manifest.grants.services).some((service) => service.sharesPorts);
  const sharing = new Set(options.plugins.filter(shares).map(({ manifest }) => manifest.id));
  return createSlotTable({
    slots: collected.slots.map((entry) => entry.value),
    providers: collected.providers.map(({ plugin, value }) => ({
      plugin,
      entry: value,
      sharesPorts: sharing.has(plugin),
      use: servicesOf(plugin).use,
    })),
    ports: options.ports,
    chosen: options.chosen,
    installed: options.isInstalled,
  });
}

/** Settings of plugins by plugin and key. Two plugins may use the same key; a plugin may not use one twice. */
function byPlugin(
  plugins: readonly LoadedPlugin[],
  settings: readonly Owned<Setting>[],
  problems: string[],
): DeclaredPluginSettings {
  return new Map(
    plugins.map(({ manifest: { id } }) => {
      const own = settings.filter(({ plugin }) => plugin === id);
      return [id, byId(own, (setting) => setting.key, `setting of ${id}`, problems)];
    }),
  );
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
