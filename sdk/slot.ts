import type { Schema } from "./operation.ts";
import type { Read } from "./storage.ts";

/** Desired state of one unit: plain JSON-safe data that names no backend. */
export type Unit = Readonly<Record<string, unknown>>;

/** A capability that backends fill. Declared by the resource plugin that owns the units. */
export interface Slot<U extends Unit = Unit> {
  readonly id: string;
  readonly title: string;
  /** Server option that chooses the provider, `web_server`. Null: the only installed provider serves it. */
  readonly option: string | null;
  readonly unit: Schema<U>;
  /** Slots whose units must be live first. Removals run in the opposite order. */
  readonly after: readonly string[];
  /** The desired units of these keys. A key that is missing from the answer is to be removed. */
  load(read: Read, keys: readonly string[]): Promise<ReadonlyMap<string, U>>;
  /** All keys that should exist, sorted, after `after`, at most `limit`. */
  keys(read: Read, after: string, limit: number): Promise<readonly string[]>;
}

export function defineSlot<U extends Unit>(slot: Slot<U>): Slot<U> {
  return slot;
}

/** Why a backend cannot express a unit. */
export interface Issue {
  /** Field of the unit. */
  readonly field: string;
  readonly message: string;
}

/** A file below the provider's own configuration tree. */
export interface RenderedFile {
  /** Relative, `/`-separated, no `..`. */
  readonly path: string;
  readonly content: string;
}

/** One line of a file that many units share. The kernel keeps the lines of a file sorted by key, one per key. */
export interface RenderedLine {
  readonly file: string;
  /** Unique in the file. */
  readonly key: string;
  /** Without a line feed. Already serialised for the file's format. */
  readonly line: string;
}

/** A daemon that must run while something refers to it, and is reloaded when what refers to it changed. */
export interface ServiceRef {
  /** Name in the manifest's `grants.services`. */
  readonly service: string;
  /** For a service with an `instance` pattern, `8.2-3`. */
  readonly instance?: string;
}

/** How to see through the daemon's own protocol that a unit is live. Polled until it holds or its time is over. */
export type Probe =
  | {
      readonly kind: "http";
      /** A service port of the host, `http` or `https`. */
      readonly port: "http" | "https";
      readonly host: string;
      readonly path: string;
      readonly status?: number;
      /** The exact body. */
      readonly body?: string;
    }
  | {
      /** A FastCGI request for `path` on a unix socket below the host's run directory; the body must equal `body`. */
      readonly kind: "fastcgi";
      readonly socket: string;
      readonly path: string;
      readonly body: string;
    };

export interface Rendered {
  readonly files?: readonly RenderedFile[];
  readonly lines?: readonly RenderedLine[];
  readonly services?: readonly ServiceRef[];
  readonly probes?: readonly Probe[];
}

/**
 * A backend that is configured by files. All methods are pure: same arguments, same answer, no effects. The kernel diffs,
 * stages, tests, swaps, reloads, probes and rolls back.
 */
export interface RenderingProvider<U extends Unit = Unit> {
  readonly kind: "render";
  /** What this backend cannot express of a unit. Empty: everything. Called before anything is written. */
  audit(unit: U): readonly Issue[];
  /** What is there whatever the units are: main configuration, the daemon. */
  base(): Rendered;
  render(key: string, unit: U): Rendered;
  /**
   * What proves that a reload took effect: files that carry `generation` and a probe that answers it. Rendered anew for
   * every apply that changes something. `services` limits it to the services that are being reloaded.
   */
  generation?(generation: number): Rendered;
}

/** A backend that is told what to do, a remote API or the host itself. Every call must be idempotent. */
export interface ExecutingProvider<U extends Unit = Unit> {
  readonly kind: "execute";
  audit(unit: U): readonly Issue[];
  /** Makes the world equal `unit`. `previous` is what was applied last, undefined for a new unit. */
  apply(key: string, unit: U, previous: U | undefined, signal: AbortSignal): Promise<void>;
  /** `previous` is what was applied last. Succeeds when there is nothing left to remove. */
  remove(key: string, previous: U, signal: AbortSignal): Promise<void>;
  /** Keys of `units` whose world differs from what was applied. */
  drifted(units: ReadonlyMap<string, U>, signal: AbortSignal): Promise<readonly string[]>;
}

export type Provider<U extends Unit = Unit> = RenderingProvider<U> | ExecutingProvider<U>;

/** A backend's entry in a slot. */
export interface ProviderEntry<U extends Unit = Unit> {
  readonly slot: string;
  /** Value of the slot's server option, `nginx`. */
  readonly id: string;
  readonly title: string;
  /** Called once per generation, with the services of the plugin. Must have no effects. */
  create(use: <T>(token: import("./token.ts").Token<T>) => T): Provider<U>;
}

export function defineProvider<U extends Unit>(entry: ProviderEntry<U>): ProviderEntry<U> {
  return entry;
}
