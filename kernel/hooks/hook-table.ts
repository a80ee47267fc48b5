import { type Denial, type Hook, isPanelError, PanelError } from "@patchbay/sdk";
import { AsyncSeriesBailHook, AsyncSeriesHook, AsyncSeriesWaterfallHook } from "tapable";
import { type Deadlines, standardDeadlines } from "./deadline.ts";
import { frozenCopy, frozenTop } from "./frozen.ts";
import { type GuardedTap, guardTap, type OnBlame } from "./guard-tap.ts";
import { type RegisteredTap, sortTaps } from "./order.ts";
import type { PluginContext } from "./plugin-context.ts";

export interface HookTableOptions {
  readonly taps: readonly RegisteredTap[];
  readonly onBlame: OnBlame;
  /** Ids that `before` and `after` may name. Default: the plugins that have taps. */
  readonly plugins?: readonly string[];
  /** Left out, nobody can ask on whose behalf code runs, and the process is spared the cost of keeping count. */
  readonly context?: PluginContext;
  readonly deadlines?: Partial<Deadlines>;
}

/** The hooks of one generation. Immutable: calls in flight keep the table they began with. */
export interface HookTable {
  /** False when nobody taps this hook: then there is no need to build a payload. */
  has(hookId: string): boolean;
  /** Throws the first denial (403, its own code), or HOOK_FAILED (503) when a tap throws, hangs or answers nonsense. */
  veto<P>(hook: Hook<"veto", P>, payload: P): Promise<void>;
  /** The value after all taps. `revalidate` runs after each; what it or a tap throws becomes HOOK_FAILED (503). */
  transform<P>(hook: Hook<"transform", P>, value: P, revalidate: (value: P) => P): Promise<P>;
  /** Runs every tap in order. A PanelError of a tap is passed on; anything else becomes HOOK_FAILED (503). */
  guarded<P>(hook: Hook<"guarded", P>, payload: P): Promise<void>;
  /** Plugins that listen to a notify hook, in order, each once. */
  subscribers(hookId: string): readonly string[];
  /** Runs one plugin's taps on a notify hook. Rejects with the first failure, or when the plugin does not listen. */
  deliver(plugin: string, hookId: string, payload: unknown, signal: AbortSignal): Promise<void>;
}

/**
 * Sorts and wraps the taps of a generation. Throws one error that names every tap with an impossible order and every hook
 * that is tapped as two kinds.
 */
export function createHookTable(options: HookTableOptions): HookTable {
  const known = new Set(options.plugins ?? options.taps.map((tap) => tap.plugin));
  const problems: string[] = [];
  const sorted = new Map<string, readonly RegisteredTap[]>();
  for (const id of new Set(options.taps.map((tap) => tap.hook.id))) {
    const taps = options.taps.filter((tap) => tap.hook.id === id);
    const kinds = new Set(taps.map((tap) => tap.hook.kind));
    if (kinds.size > 1) problems.push(`${id} is tapped as ${[...kinds].join(" and ")}`);
    sorted.set(id, sortTaps(taps, known, problems));
  }
  if (problems.length > 0) throw new Error(`hooks cannot be built: ${[...new Set(problems)].join("; ")}`);
  return new TapableTable(sorted, options);
}

type Revalidate = (value: unknown) => unknown;

const settled = Promise.resolve();

class TapableTable implements HookTable {
  readonly #vetoes = new Map<string, AsyncSeriesBailHook<[unknown], Denial>>();
  readonly #transforms = new Map<string, AsyncSeriesWaterfallHook<[unknown, Revalidate]>>();
  readonly #guardeds = new Map<string, AsyncSeriesHook<[unknown]>>();
  readonly #notifies = new Map<string, readonly GuardedTap[]>();
  readonly #ids: ReadonlySet<string>;
  readonly #onBlame: OnBlame;

  constructor(sorted: ReadonlyMap<string, readonly RegisteredTap[]>, options: HookTableOptions) {
    this.#ids = new Set(sorted.keys());
    this.#onBlame = options.onBlame;
    const deadlines = { ...standardDeadlines, ...options.deadlines };
    for (const [id, taps] of sorted) {
      const kind = taps[0]?.hook.kind;
      const guarded = taps.map((tap) => guardTap(tap, deadlines, options.context));
      if (kind === "veto") this.#vetoes.set(id, this.#vetoHook(guarded));
      else if (kind === "transform") this.#transforms.set(id, this.#transformHook(guarded));
      else if (kind === "guarded") this.#guardeds.set(id, this.#guardedHook(guarded));
      else this.#notifies.set(id, guarded);
    }
  }

  has(hookId: string): boolean {
    return this.#ids.has(hookId);
  }

  veto<P>(hook: Hook<"veto", P>, payload: P): Promise<void> {
    const taps = this.#vetoes.get(hook.id);
    return taps ? refuseDenied(taps.promise(frozenCopy(payload))) : settled;
  }

  transform<P>(hook: Hook<"transform", P>, value: P, revalidate: (value: P) => P): Promise<P> {
    const taps = this.#transforms.get(hook.id);
    if (!taps) return Promise.resolve(value);
    return taps.promise(value, revalidate as Revalidate) as Promise<P>;
  }

  guarded<P>(hook: Hook<"guarded", P>, payload: P): Promise<void> {
    const taps = this.#guardeds.get(hook.id);
    return taps ? taps.promise(frozenTop(payload)) : settled;
  }

  subscribers(hookId: string): readonly string[] {
    return [...new Set(this.#notifies.get(hookId)?.map((tap) => tap.plugin))];
  }

  async deliver(plugin: string, hookId: string, payload: unknown, signal: AbortSignal): Promise<void> {
    const taps = (this.#notifies.get(hookId) ?? []).filter((tap) => tap.plugin === plugin);
    if (taps.length === 0) throw new Error(`${plugin} does not listen to ${hookId}`);
    const frozen = frozenCopy(payload);
    for (const tap of taps) {
      try {
        await tap.run(frozen, signal);
      } catch (error) {
        // When the panel is stopping it is not the plugin that failed.
        if (!signal.aborted) this.#onBlame(tap.plugin, tap.hookId, error);
        throw error;
      }
    }
  }

  #vetoHook(taps: readonly GuardedTap[]): AsyncSeriesBailHook<[unknown], Denial> {
    const hook = new AsyncSeriesBailHook<[unknown], Denial>(["payload"]);
    for (const tap of taps) {
      hook.tapPromise(tap.plugin, (payload) =>
        this.#closed(tap, async () => {
          const answer = await tap.run(payload);
          if (answer !== undefined && !isDenial(answer)) throw new Error("a veto tap answers a denial or undefined");
          return answer as Denial;
        }),
      );
    }
    return hook;
  }

  #transformHook(taps: readonly GuardedTap[]): AsyncSeriesWaterfallHook<[unknown, Revalidate]> {
    const hook = new AsyncSeriesWaterfallHook<[unknown, Revalidate]>(["value", "revalidate"]);
    for (const tap of taps) {
      // The tap sees a copy: what the pipeline checked before must not change under it.
      hook.tapPromise(tap.plugin, (value, revalidate) =>
        this.#closed(tap, async () => {
          const next = revalidate(await tap.run(frozenCopy(value)));
          // tapable would go on with the value before this tap, and nobody would notice.
          if (next === undefined) throw new Error("a transform tap answers the next value");
          return next;
        }),
      );
    }
    return hook;
  }

  #guardedHook(taps: readonly GuardedTap[]): AsyncSeriesHook<[unknown]> {
    const hook = new AsyncSeriesHook<[unknown]>(["payload"]);
    for (const tap of taps) {
      hook.tapPromise(tap.plugin, (payload) =>
        this.#closed(tap, () => tap.run(payload) as Promise<void>, isPanelError),
      );
    }
    return hook;
  }

  /** Whatever a tap does wrong refuses the operation, and is held against its plugin. */
  async #closed<T>(tap: GuardedTap, work: () => Promise<T>, passes?: (error: unknown) => boolean): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (passes?.(error)) throw error;
      this.#onBlame(tap.plugin, tap.hookId, error);
      throw new PanelError("HOOK_FAILED", {
        status: 503,
        message: `A plugin could not finish its part of ${tap.hookId}. Nothing was changed.`,
        retry: "later",
        cause: error,
      });
    }
  }
}

async function refuseDenied(asked: Promise<Denial | undefined>): Promise<void> {
  const denial = await asked;
  if (denial) throw new PanelError(denial.code, { status: 403, message: denial.message });
}

function isDenial(answer: unknown): answer is Denial {
  if (typeof answer !== "object" || answer === null) return false;
  const { code, message } = answer as Partial<Record<keyof Denial, unknown>>;
  return typeof code === "string" && code !== "" && typeof message === "string" && message !== "";
}
