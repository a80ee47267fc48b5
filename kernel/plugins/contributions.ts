import type {
  AccountOfUser,
  Contributions,
  LimitSource,
  Meter,
  Migration,
  ObjectType,
  Operation,
  ProviderEntry,
  Schedule,
  Setting,
  Slot,
  Task,
  Token,
  Unit,
  Upgrade,
} from "@patchbay/sdk";
import type { Container } from "../di/container.ts";
import type { RegisteredTap } from "../hooks/order.ts";

/** Something a plugin contributed, and which one it was. */
export interface Owned<T> {
  readonly plugin: string;
  readonly value: T;
}

/** Everything the plugins of a generation contribute, before it is checked as a whole. */
export class Collected {
  readonly operations: Owned<Operation>[] = [];
  readonly migrations: Owned<readonly Migration[]>[] = [];
  readonly slots: Owned<Slot>[] = [];
  readonly providers: Owned<ProviderEntry>[] = [];
  readonly objects: Owned<ObjectType>[] = [];
  readonly meters: Owned<Meter>[] = [];
  readonly limits: Owned<LimitSource>[] = [];
  readonly accountOfUser: Owned<AccountOfUser>[] = [];
  readonly taps: RegisteredTap[] = [];
  readonly schedules: Owned<Schedule>[] = [];
  readonly settings: Owned<Setting>[] = [];
  readonly pluginSettings: Owned<Setting>[] = [];
  readonly tasks: Owned<Task>[] = [];
  readonly upgrades: Owned<Upgrade>[] = [];

  /** How many of each a plugin contributes; kinds of which there are none are left out. */
  countsOf(plugin: string): Readonly<Record<string, number>> {
    const lists: Readonly<Record<string, readonly { readonly plugin: string }[]>> = {
      operations: this.operations,
      hooks: this.taps,
      slots: this.slots,
      providers: this.providers,
      objects: this.objects,
      meters: this.meters,
      schedules: this.schedules,
      tasks: this.tasks,
      settings: [...this.settings, ...this.pluginSettings],
      upgrades: this.upgrades,
    };
    const counts = Object.entries(lists).map(([kind, list]) => [
      kind,
      list.filter((one) => one.plugin === plugin).length,
    ]);
    return Object.fromEntries(counts.filter(([, count]) => count !== 0)) as Record<string, number>;
  }

  /** What is handed to `contribute()` of one plugin. Its services go into `shared`, where other plugins find them. */
  contributionsOf(plugin: string, own: Container, shared: Container): Contributions {
    const use = <T>(token: Token<T>): T => own.use(token);
    const into =
      <T>(list: Owned<T>[]) =>
      (value: T) => {
        list.push({ plugin, value });
      };
    return {
      use,
      operation: into(this.operations),
      migrations: into(this.migrations),
      slot: (slot) => into(this.slots)(slot as unknown as Slot<Unit>),
      provider: (entry) => into(this.providers)(entry as unknown as ProviderEntry<Unit>),
      object: into(this.objects),
      meter: into(this.meters),
      limits: into(this.limits),
      accountOfUser: into(this.accountOfUser),
      tap: (hook, tap, order) => {
        this.taps.push({ plugin, hook, tap, ...(order ? { order } : {}) } as unknown as RegisteredTap);
      },
      schedule: into(this.schedules),
      setting: into(this.settings),
      pluginSetting: into(this.pluginSettings),
      task: (task) => into(this.tasks)(task as unknown as Task),
      upgrade: into(this.upgrades),
      service: (token, create) => shared.factory(token, () => create(use)),
    };
  }
}

/** Values by their id. An id that two plugins use is a problem. */
export function byId<T>(
  owned: readonly Owned<T>[],
  idOf: (value: T) => string,
  what: string,
  problems: string[],
): ReadonlyMap<string, T> {
  const map = new Map<string, T>();
  for (const { plugin, value } of owned) {
    const id = idOf(value);
    if (map.has(id)) problems.push(`${what} ${id} is declared twice, the second time by ${plugin}`);
    else map.set(id, value);
  }
  return map;
}

/** The one value that exactly one plugin may declare. */
export function only<T>(owned: readonly Owned<T>[], what: string, problems: string[]): T | undefined {
  if (owned.length > 1) problems.push(`${what} is declared by ${owned.map((entry) => entry.plugin).join(" and ")}`);
  return owned[0]?.value;
}
