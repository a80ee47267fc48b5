import { ProviderError } from "./errors.ts";
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
  /**
   * How many providers may serve at a time. `one` (the default): the chosen one is the *front*, which holds the public
   * ports; units that are assigned to another are served by it on ports of its own, and the front relays to it. `many`:
   * every unit is served by the one it is assigned to, side by side.
   */
  readonly cardinality?: "one" | "many";
  /** True: the option may be `none`. Then units that are assigned to nobody are kept and served by nobody. */
  readonly optional?: boolean;
  readonly unit: Schema<U>;
  /** Slots whose units must be live first. Removals run in the opposite order. */
  readonly after: readonly string[];
  /** The desired units of these keys. A key that is missing from the answer is to be removed. */
  load(read: Read, keys: readonly string[]): Promise<ReadonlyMap<string, U>>;
  /** All keys that should exist, sorted, after `after`, at most `limit`. */
  keys(read: Read, after: string, limit: number): Promise<readonly string[]>;
  /** Provider ids of those of `keys` that are not served by the chosen one. Without it none is. */
  assigned?(read: Read, keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /**
   * What a visitor would ask of a unit. Before a switch each is asked of the old and of the new provider: an answer that
   * gets worse stops the switch. Asked without effects in mind, but they may run a tenant's script: keep them few.
   */
  parity?(key: string, unit: U): readonly ParityRequest[];
}

/** One HTTP GET that two providers are compared by. */
export interface ParityRequest {
  readonly port: "http" | "https";
  readonly host: string;
  readonly path: string;
}

/**
 * Declares a slot. Its units say what is wanted and never how it is done; `load` and `keys` read them from tables of the plugin.
 *
 * @example
 * const mailbox = v.strictObject({ address: v.string(), quotaMb: v.number() });
 * const mailSlot = defineSlot<v.InferOutput<typeof mailbox>>({
 *   id: "mail", title: "Mail", option: "mail_server", unit: mailbox, after: ["accounts"],
 *   load: async (read, keys) => {
 *     const sql = "SELECT address, quota_mb AS quotaMb FROM mailboxes WHERE address IN (SELECT value FROM json_each(?))";
 *     const rows = await read.all<v.InferOutput<typeof mailbox>>(sql, [JSON.stringify(keys)]);
 *     return new Map(rows.map((row) => [row.address, row]));
 *   },
 *   keys: async (read, after, limit) => {
 *     const sql = "SELECT address FROM mailboxes WHERE address > ? ORDER BY address LIMIT ?";
 *     return (await read.all<{ address: string }>(sql, [after, limit])).map((row) => row.address);
 *   },
 * });
 */
export function defineSlot<U extends Unit>(slot: Slot<U>): Slot<U> {
  return slot;
}

/** Something of a unit that a backend cannot express. */
export interface Issue {
  /** Field of the unit. */
  readonly field: string;
  readonly message: string;
  /** True: the unit can be served without it, but this would be lost. Otherwise the unit cannot be served at all. */
  readonly lost?: boolean;
}

/** Ports on which one provider of a slot is reached beside the public ones, on `sideAddress`. */
export type SidePorts = Readonly<Record<"http" | "https", number>>;

/** Where daemons listen on their side ports, wherever the public ones are: they are for this machine alone. */
export const sideAddress = "127.0.0.1";

/**
 * Where a provider stands. `front`: its daemon listens on the public ports and on its side ports. `side`: on its side ports
 * alone, because another is the front, or because it is being looked at before a switch.
 */
export interface Stand {
  readonly role: "front" | "side";
  readonly ports: SidePorts;
}

/** A file below the provider's own configuration tree. */
export interface RenderedFile {
  /** Relative, `/`-separated, no `..`. Nothing below `local.d/`: that is the admin's. */
  readonly path: string;
  readonly content: string;
  /** True: holds a key or a password. It is never shown, not in a plan and not as drift. */
  readonly secret?: boolean;
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
      /** For `https`: SHA-256 of the certificate that must be shown, lower-case hex. */
      readonly certificate?: string;
    }
  | {
      /** A FastCGI request for `path` on a unix socket below the host's run directory; the body must equal `body`. */
      readonly kind: "fastcgi";
      readonly socket: string;
      readonly path: string;
      readonly body: string;
    }
  | {
      /** A query on the host's DNS port; the authoritative answer must be one record that holds `value` as its only string. */
      readonly kind: "dns";
      readonly name: string;
      readonly type: "TXT";
      readonly value: string;
    };

/** What a provider wants to be there, of one unit or as its base. Equal paths and keys of two units are a fault. */
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
  /**
   * What is there whatever the units are: main configuration, the daemon. The only part that may depend on where the
   * provider stands, so that changing the front changes few files.
   */
  base(stand: Stand): Rendered;
  render(key: string, unit: U): Rendered;
  /**
   * The front's part for a unit that another provider serves: everything is passed on to that one's side ports. Its probes
   * must hold when the other one answers. A provider without it cannot be the front while a unit is assigned elsewhere.
   */
  relay?(key: string, unit: U, to: SidePorts): Rendered;
  /**
   * What proves that a reload took effect: files that carry `generation` and a probe that answers it. Rendered anew for
   * every apply that changes something. `services` limits it to the services that are being reloaded.
   */
  generation?(generation: number): Rendered;
}

/** One unit that an executing provider has to bring to its desired state. */
export interface UnitChange<U extends Unit = Unit> {
  readonly key: string;
  /** Null: to be removed. */
  readonly unit: U | null;
  /** What was applied last; undefined for a new unit, or when nobody knows. Always there for a removal. */
  readonly previous: U | undefined;
}

/** A unit whose world is not as it was applied. */
export interface UnitDrift {
  readonly key: string;
  /** Both as text, a line each for what can differ on its own. `actual` null: it is not there. */
  readonly wanted: string;
  readonly actual: string | null;
}

/** A backend that is told what to do, a remote API or a daemon with a control protocol. */
export interface ExecutingProvider<U extends Unit = Unit> {
  readonly kind: "execute";
  audit(unit: U): readonly Issue[];
  /** Files and the daemon it needs; brought to life before anything is executed. */
  base?(stand: Stand): Rendered;
  /** As in `RenderingProvider`, for the daemon of `base`. */
  generation?(generation: number): Rendered;
  /**
   * Makes the world equal these units, all that changed together, in any order that works. Must be idempotent: after a
   * crash the same changes come again. Resolves with the reason for each key that could not be done; the others are done.
   * Throwing means that nothing is known of any.
   */
  execute(changes: readonly UnitChange<U>[], signal: AbortSignal): Promise<ReadonlyMap<string, ProviderError>>;
  /** Those of `units` whose world differs from what was applied. Also what a switch is checked by. */
  drifted(units: ReadonlyMap<string, U>, signal: AbortSignal): Promise<readonly UnitDrift[]>;
  /** What the world says of a unit, for people (the DS records of a signed zone). Plain JSON. */
  report?(key: string, unit: U, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
}

/** A backend of a slot: configured by files, or told what to do. */
export type Provider<U extends Unit = Unit> = RenderingProvider<U> | ExecutingProvider<U>;

/** A backend's entry in a slot. */
export interface ProviderEntry<U extends Unit = Unit> {
  readonly slot: string;
  /** Value of the slot's server option, `nginx`. */
  readonly id: string;
  readonly title: string;
  /** True: serves the slot while nobody has chosen, if it is installed. At most one of a slot. */
  readonly default?: boolean;
  /** Called once per generation, with the services of the plugin. Must have no effects. */
  create(use: <T>(token: import("./token.ts").Token<T>) => T): Provider<U>;
}

/**
 * Declares a backend of a slot. The manifest names the same pair in `provides`.
 *
 * @example
 * interface Mailbox extends Unit { readonly address: string; readonly quotaMb: number }
 * export default definePlugin((to) => {
 *   to.provider(
 *     defineProvider<Mailbox>({
 *       slot: "mail", id: "example", title: "Example",
 *       create: (use) => {
 *         const { paths } = use(HostInfo);
 *         return {
 *           kind: "render",
 *           audit: (unit) => (unit.quotaMb > 1_000_000 ? [{ field: "quotaMb", message: "More than it can count." }] : []),
 *           base: () => ({ files: [{ path: "main.conf", content: `root ${JSON.stringify(paths.homes)}\n` }] }),
 *           render: (key, unit) => ({ lines: [{ file: "boxes", key, line: JSON.stringify([key, unit.quotaMb]) }] }),
 *         };
 *       },
 *     }),
 *   );
 * });
 */
export function defineProvider<U extends Unit>(entry: ProviderEntry<U>): ProviderEntry<U> {
  return entry;
}

/** Calls that bring about one unit at a time. */
export interface UnitCalls<U extends Unit> {
  apply(key: string, unit: U, previous: U | undefined, signal: AbortSignal): Promise<void>;
  remove(key: string, previous: U, signal: AbortSignal): Promise<void>;
}

const unitCallsAtATime = 4;

/** `execute` for a backend that does one unit at a time. What a call throws fails its unit alone. */
export function executeEach<U extends Unit>(calls: UnitCalls<U>): ExecutingProvider<U>["execute"] {
  return async (changes, signal) => {
    const failures = new Map<string, ProviderError>();
    const left = [...changes];
    const work = async () => {
      for (let change = left.shift(); change !== undefined; change = left.shift()) {
        const { key, previous, unit } = change;
        try {
          if (unit !== null) await calls.apply(key, unit, previous, signal);
          else if (previous !== undefined) await calls.remove(key, previous, signal);
        } catch (cause) {
          failures.set(key, toProviderError(cause));
        }
      }
    };
    await Promise.all(Array.from({ length: unitCallsAtATime }, work));
    return failures;
  };
}

/** Anything but a ProviderError is a fault of the plugin, which will not mend itself. */
function toProviderError(cause: unknown): ProviderError {
  return cause instanceof ProviderError ? cause : new ProviderError("terminal", "a call failed", { cause });
}
