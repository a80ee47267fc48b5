import type { Hook, HookKind, Tap, TapOrder } from "./hook.ts";
import type { ChangeContext, Operation, Schema } from "./operation.ts";
import type { ProviderEntry, Slot, Unit } from "./slot.ts";
import type { Migration, Read } from "./storage.ts";
import type { Task } from "./task.ts";
import type { Token } from "./token.ts";

/** A kind of object that belongs to a hosting account. Foreign and missing look the same to callers. */
export interface ObjectType {
  readonly type: string;
  /** Shown in "… not found". */
  readonly title: string;
  /** Tables whose rows decide the answer: ownership is cached until one of them changes. */
  readonly tables: readonly string[];
  /** The account the object belongs to, with the users who may reach it. Undefined: no such object. */
  owner(read: Read, id: number): Promise<ObjectOwner | undefined>;
}

/** Whom an object belongs to. */
export interface ObjectOwner {
  readonly accountId: number;
  /** The login of the account's holder. */
  readonly userId: number;
  /** The login of the reseller the account belongs to. */
  readonly resellerId: number | null;
}

/** A countable thing that a package may limit. */
export interface Meter {
  /** `domains`, `email`, `disk_mb`. */
  readonly id: string;
  /** How many the account has. Called inside the change's transaction. */
  count(read: Read, accountId: number): Promise<number>;
}

/** Where limits come from. Exactly one plugin declares it. */
export interface LimitSource {
  /** Null: no limit. */
  limit(read: Read, accountId: number, meter: string): Promise<number | null>;
}

/** Tells for whom a `user` logs in. Exactly one plugin declares it. */
export interface AccountOfUser {
  readonly tables: readonly string[];
  /** `reason`: why it is suspended, for its holder to see. */
  find(
    read: Read,
    userId: number,
  ): Promise<{ accountId: number; suspended: boolean; reason?: string | null } | undefined>;
}

/** A job that runs by the clock. At least once: it must be idempotent. */
export interface Schedule {
  /** `<resource>.<job>`, unique. */
  readonly id: string;
  /** Five fields, server time. */
  readonly cron: string;
  run(use: <T>(token: Token<T>) => T, signal: AbortSignal): Promise<void>;
}

/**
 * Brings rows from before an update up to date where a migration cannot, because it takes services or marks units.
 *
 * Called at every start, after all migrations and before anything is reconciled, in a change of its own as the panel itself
 * (role `system`); upgrades of required plugins come first. What it marks is in the first pass. The change is final once it
 * is committed: a unit that cannot be applied takes no row back. When it throws, its change is rolled back, that is logged,
 * and the panel starts without it; the next start tries again.
 */
export interface Upgrade {
  /** `<resource>.<what it brings>`, unique. */
  readonly id: string;
  /**
   * Does a part that a transaction can hold, about a hundred rows. True: there is more, call again; a call that wrote nothing
   * is not repeated. When all is well it must find nothing to do, cheaply. It cannot start tasks.
   */
  run(change: ChangeContext): Promise<boolean>;
}

/**
 * A server option beside the slots' own, or a setting of one plugin. Values are strings; `schema` parses and canonicalises
 * them.
 *
 * @example
 * const days: Setting = { key: "days", title: "Days to keep notes", schema: v.pipe(v.string(), v.regex(/^[0-9]{1,4}$/)), default: "30" };
 * export default definePlugin((to) => {
 *   to.pluginSetting(days);
 *   to.pluginSetting({ key: "token", title: "Access token", schema: v.string(), default: "", secret: true });
 *   to.schedule({
 *     id: "notes.sweep",
 *     cron: "0 3 * * *",
 *     run: async (use) => use(Logger).info("sweeping", { days: use(PluginSettings).get("days") }),
 *   });
 * });
 */
export interface Setting {
  readonly key: string;
  readonly title: string;
  readonly schema: Schema<string>;
  readonly default: string;
  /** Never shown: answers carry `***`. */
  readonly secret?: boolean;
}

/**
 * What a plugin declares. Called once per generation, synchronously, before anything runs: it must have no effects.
 * Everything declared disappears when the plugin is disabled; there is nothing to take back by hand.
 */
export interface Contributions {
  /**
   * A service by token. The function may be kept; it must not be called before something runs, because services are made on
   * first use.
   */
  readonly use: <T>(token: Token<T>) => T;
  /** A use case, made with `defineQuery` or `defineChange`: a route, a CLI command, an entry in OpenAPI and the matrix of permissions. */
  operation(operation: Operation): void;
  /**
   * Tables of its own, step by step. Applied when the plugin takes part for the first time and after each update.
   *
   * @isolation kernel
   */
  migrations(steps: readonly Migration[]): void;
  /**
   * A capability that backends fill.
   *
   * @isolation kernel
   */
  slot<U extends Unit>(slot: Slot<U>): void;
  /** A backend of a slot, also named in the manifest's `provides`. */
  provider<U extends Unit>(entry: ProviderEntry<U>): void;
  /**
   * A kind of object that belongs to accounts, for `access.object` of operations.
   *
   * @isolation kernel
   */
  object(type: ObjectType): void;
  /**
   * A countable thing that packages may limit, for `quota` of operations.
   *
   * @isolation kernel
   */
  meter(meter: Meter): void;
  /**
   * Where limits come from. The plugin that owns the packages declares it.
   *
   * @isolation kernel
   */
  limits(source: LimitSource): void;
  /**
   * For which account a user logs in. The plugin that owns the accounts declares it.
   *
   * @isolation kernel
   */
  accountOfUser(source: AccountOfUser): void;
  /** Takes part in a hook that somebody published. In a process of its own: `veto`, `transform` and `notify` alone. */
  tap<K extends HookKind, P>(hook: Hook<K, P>, tap: Tap<K, P>, order?: TapOrder): void;
  /** A job that runs by the clock. */
  schedule(schedule: Schedule): void;
  /** A server option for admins, shown and saved with `system/server-options` and `system/save-option`, read through `ServerOptions`. */
  setting(setting: Setting): void;
  /**
   * A setting of this plugin alone, saved with `plugins/save-settings` and read through `PluginSettings`. Its key is unique
   * within the plugin. Saving one brings the bases of the plugin's providers up to date.
   */
  pluginSetting(setting: Setting): void;
  /** A long piece of work that a change of this plugin may start with `ctx.start()`. */
  task<P>(task: Task<P>): void;
  /**
   * What brings rows from before an update up to date.
   *
   * @isolation kernel
   */
  upgrade(step: Upgrade): void;
  /**
   * Publishes a service for the plugins that require this one. Created once per generation, on first use.
   *
   * @isolation kernel
   */
  service<T>(token: Token<T>, create: (use: <S>(token: Token<S>) => S) => T): void;
}

/** A plugin's definition. Made with `definePlugin`. */
export interface Plugin {
  readonly $type: "patchbay/plugin";
  readonly version: 1;
  contribute(to: Contributions): void;
}

/**
 * The default export of a plugin's `index.ts`.
 *
 * @example
 * export default definePlugin((to) => {
 *   to.schedule({ id: "notes.sweep", cron: "0 3 * * *", run: async (use) => use(Logger).info("sweeping") });
 * });
 */
export function definePlugin(contribute: (to: Contributions) => void): Plugin {
  return { $type: "patchbay/plugin", version: 1, contribute };
}
