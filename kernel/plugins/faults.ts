import { type Clock, isPanelError } from "@patchbay/sdk";
import { DeadlineError } from "../hooks/deadline.ts";
import { isDiskError } from "../storage/disk-error.ts";
import type { Fault, FaultKind, OnFault } from "./guests.ts";

/** So many faults within so many milliseconds. */
interface Threshold {
  readonly faults: number;
  readonly within: number;
}

const degrading: Threshold = { faults: 5, within: 60_000 };
const quarantining: Threshold = { faults: 10, within: 120_000 };
const dying: Threshold = { faults: 3, within: 60_000 };
/** A plugin that did nothing wrong for so long is well again. */
const recovery = 120_000;

const deaths: ReadonlySet<FaultKind> = new Set(["exited", "memory", "stuck"]);

export interface FaultLedgerOptions {
  readonly clock: Clock;
  /** True for an error whose fault was reported by the room that runs plugins in processes of their own. */
  readonly isReported: (error: unknown) => boolean;
  /** Called for every fault, with its time. Must not throw. */
  onFault(fault: Fault, at: number): void;
  /** Called once when a plugin becomes degraded. Must not throw. */
  onDegraded(fault: Fault): void;
  /** Called when a plugin should be taken out, with the reason for people; again for a later fault if it was not. */
  onUnbearable(plugin: string, reason: string): void;
}

/** Counts who fails how often. */
export class FaultLedger {
  readonly #options: FaultLedgerOptions;
  readonly #faults = new Map<string, { readonly at: number; readonly kind: FaultKind }[]>();
  readonly #degraded = new Set<string>();
  /** What was thrown passes through many hands. */
  readonly #counted = new WeakSet<object>();

  constructor(options: FaultLedgerOptions) {
    this.#options = options;
  }

  readonly report: OnFault = (fault) => {
    const { clock } = this.#options;
    const { plugin, kind } = fault;
    const at = clock.now();
    const recent = [...(this.#faults.get(plugin) ?? []), { at, kind }].slice(-quarantining.faults);
    this.#faults.set(plugin, recent);
    this.#options.onFault(fault, at);
    if (reached(recent, degrading, at) && !this.isDegraded(plugin)) {
      this.#degraded.add(plugin);
      this.#options.onDegraded(fault);
    }
    const reason = unbearable(recent, fault, at);
    if (reason !== undefined) this.#options.onUnbearable(plugin, reason);
  };

  /**
   * Reports what a plugin's code threw. Not held against it: what was counted already, and what comes from the panel's own
   * disk. The log has the message; here it is left out, because it may hold what a caller sent.
   */
  thrown(plugin: string, where: string, error: unknown): void {
    if (this.#options.isReported(error) || isDiskError(error) || isPanelTrouble(error)) return;
    if (typeof error === "object" && error !== null) {
      if (this.#counted.has(error)) return;
      this.#counted.add(error);
    }
    const kind = error instanceof DeadlineError ? "late" : "threw";
    this.report({ plugin, kind, where, message: describe(error) });
  }

  isDegraded(plugin: string): boolean {
    if (!this.#degraded.has(plugin)) return false;
    const last = this.#faults.get(plugin)?.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
    if (last > this.#options.clock.now() - recovery) return true;
    this.#degraded.delete(plugin);
    return false;
  }

  /** Forgets what a plugin did: it was enabled again or replaced. */
  forgive(plugin: string): void {
    this.#faults.delete(plugin);
    this.#degraded.delete(plugin);
  }
}

function reached(recent: readonly { at: number }[], { faults, within }: Threshold, now: number): boolean {
  return recent.filter(({ at }) => at > now - within).length >= faults;
}

function unbearable(
  recent: readonly { at: number; kind: FaultKind }[],
  { kind, message, where }: Fault,
  now: number,
): string | undefined {
  if (kind === "start") return `it could not be started: ${message}`;
  const died = recent.filter((fault) => deaths.has(fault.kind));
  if (deaths.has(kind) && reached(died, dying, now)) {
    return `its process ended ${dying.faults} times within ${dying.within / 1000} s, the last time at ${where}: ${message}`;
  }
  if (!reached(recent, quarantining, now)) return undefined;
  return `it failed ${quarantining.faults} times within ${quarantining.within / 1000} s, the last time at ${where}: ${message}`;
}

function isPanelTrouble(error: unknown): boolean {
  return isPanelError(error) && ["STORAGE_UNAVAILABLE", "HASHING_BUSY", "PLUGIN_UNAVAILABLE"].includes(error.code);
}

/** The kind of error and where in the code it was thrown, without its message. */
function describe(error: unknown): string {
  if (error instanceof DeadlineError) return error.message;
  if (isPanelError(error)) return `PanelError ${error.code}`;
  if (!(error instanceof Error)) return "something that is no Error";
  const name = /^[A-Za-z]{1,40}$/.test(error.name) ? error.name : "Error";
  const place = placePattern.exec(framesOf(error));
  return place ? `${name} at ${place[1]}` : name;
}

/** The last parts of a path: they say whose code it is, and nothing of where the panel lives. */
const placePattern = /((?:[\w@.-]+\/){0,3}[\w.-]+\.[cm]?[jt]s:\d+):\d+\)?$/m;

/** The stack without the message, which could look like a part of it. Empty when the two cannot be told apart. */
function framesOf({ message, stack = "" }: Error): string {
  const at = stack.indexOf(message);
  return at === -1 ? "" : stack.slice(at + message.length, at + message.length + 10_000);
}
