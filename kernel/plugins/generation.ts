import type {
  AccountOfUser,
  LimitSource,
  Manifest,
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
import { createSlotTable, type SlotTable, type SlotTableInput } from "../slots/slot-table.ts";
import type { RegisteredTask } from "../tasks/run-task.ts";
import { Calls } from "./calls.ts";
import { byId, Collected, type Owned, only } from "./contributions.ts";
import type { LoadedPlugin } from "./load.ts";
import { PluginProblems } from "./manifest.ts";
import { watchProvider } from "./watch-provider.ts";

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
  /** The calls that run on it. */
  readonly calls: Calls;
  /** The plugin that declared an operation; undefined for one of the kernel's. */
  ownerOf(operationId: string): string | undefined;
  /** How many of each kind a plugin contributes. */
  contributionsOf(plugin: string): Readonly<Record<string, number>>;
  /** The plugin that declared a slot. */
  slotOwner(slot: string): string | undefined;
  /** Services as the plugin that declared this operation sees them. */
  servicesFor(operationId: string): PluginServices;
}

/** Asked by services that are registered before the generation they belong to is complete. Throws until it is. */
export type OwnGeneration = () => Generation;

export interface GenerationOptions {
  readonly plugins: readonly LoadedPlugin[];
  /** The kernel's services. */
  readonly root: Container;
  /** Registers the kernel's services that ask the generation they are used in. */
  readonly sharedServices: (shared: Container, generation: OwnGeneration) => void;
  /** Registers the services a plugin has for itself in its container. */
  readonly ownServices: (own: Container, plugin: string, generation: OwnGeneration) => void;
  /** Ids of plugins that `before` and `after` of a tap may name besides those that are part of it. */
  readonly known: readonly string[];
  /** Operations of the kernel's own rooms. */
  readonly operations: readonly Operation[];
  readonly migrations: readonly Owned<readonly Migration[]>[];
  readonly schedules: readonly Schedule[];
  /** Tasks of the kernel's own rooms. */
  readonly tasks: readonly Task[];
  /** The public ports of the host. */
  readonly ports: SidePorts;
  readonly chosen: (option: string) => string | undefined;
  /** True when everything a plugin's manifest names under `packages` is there. */
  readonly isInstalled: (manifest: Manifest) => boolean;
  /** Places of the side ports of a slot's providers. Left out: by the order of their ids. */
  readonly sidePlaces?: SlotTableInput["sidePlaces"];
  /** Called with what a tap or a provider threw that it may not; `where` says which. Must not throw. */
  readonly onThrown: (plugin: string, where: string, error: unknown) => void;
}

/** What the plugins said, and where each finds its services. */
interface Contributed {
  readonly collected: Collected;
  readonly own: { generation?: Generation };
  servicesOf(plugin: string): PluginServices;
}

/** Composes the contributions of all plugins and checks them as a whole. Throws everything that is wrong at once. */
export function buildGeneration(options: GenerationOptions): Generation {
  const problems: string[] = [];
  const { collected, own, servicesOf } = contribute(options, problems);
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
  const generation: Generation = {
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
    calls: new Calls(),
    ownerOf: (operationId) => ownerOf.get(operationId),
    contributionsOf: (plugin) => collected.countsOf(plugin),
    slotOwner: (slot) => collected.slots.find(({ value }) => value.id === slot)?.plugin,
    servicesFor: (operationId) => servicesOf(ownerOf.get(operationId) ?? "kernel"),
  };
  own.generation = generation;
  return generation;
}

function ofKernel<T>(value: T): Owned<T> {
  return { plugin: "kernel", value };
}

function contribute(options: GenerationOptions, problems: string[]): Contributed {
  const { plugins, root, ownServices, sharedServices } = options;
  const made: Contributed["own"] = {};
  const current = () => {
    if (!made.generation) throw new Error("the generation is not complete yet");
    return made.generation;
  };
  const shared = root.child();
  sharedServices(shared, current);
  const collected = new Collected();
  const containers = new Map<string, Container>();
  for (const { manifest, plugin } of plugins) {
    const own = shared.child();
    ownServices(own, manifest.id, current);
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
    const found: PluginServices = { use: (token) => container.use(token), find: (token) => container.find(token) };
    services.set(plugin, found);
    return found;
  };
  return { collected, own: made, servicesOf };
}

function hookTable({ known, onThrown, plugins }: GenerationOptions, { taps }: Collected): HookTable {
  return createHookTable({
    taps,
    onBlame: onThrown,
    plugins: [...known, ...plugins.map(({ manifest }) => manifest.id)],
  });
}

function slotTable(options: GenerationOptions, collected: Collected, servicesOf: Contributed["servicesOf"]): SlotTable {
  const shares = ({ manifest }: LoadedPlugin) =>
    Object.values(manifest.grants.services).some((service) => service.sharesPorts);
  const sharing = new Set(options.plugins.filter(shares).map(({ manifest }) => manifest.id));
  return createSlotTable({
    slots: collected.slots.map((entry) => entry.value),
    providers: collected.providers.map(({ plugin, value }) => ({
      plugin,
      entry: {
        ...value,
        create: (use) =>
          watchProvider(value.create(use), (error) => options.onThrown(plugin, `provider ${value.slot}`, error)),
      },
      sharesPorts: sharing.has(plugin),
      use: servicesOf(plugin).use,
    })),
    ports: options.ports,
    chosen: options.chosen,
    installed: (id) => {
      const plugin = options.plugins.find(({ manifest }) => manifest.id === id);
      return plugin !== undefined && options.isInstalled(plugin.manifest);
    },
    ...(options.sidePlaces ? { sidePlaces: options.sidePlaces } : {}),
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
