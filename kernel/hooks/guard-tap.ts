import { type Deadlines, withDeadline } from "./deadline.ts";
import type { RegisteredTap } from "./order.ts";
import type { PluginContext } from "./plugin-context.ts";

/** Called for every tap that threw, hung or answered nonsense. Must not throw. */
export type OnBlame = (plugin: string, hookId: string, error: unknown) => void;

/** A tap with its plugin's context and its deadline around it. Rejects with whatever the tap did wrong. */
export interface GuardedTap {
  readonly plugin: string;
  readonly hookId: string;
  run(payload: unknown, outer?: AbortSignal): Promise<unknown>;
}

/** Wraps one tap, once per generation. */
export function guardTap(tap: RegisteredTap, deadlines: Deadlines, context: PluginContext | undefined): GuardedTap {
  const milliseconds = deadlines[tap.hook.kind];
  return {
    plugin: tap.plugin,
    hookId: tap.hook.id,
    run: (payload, outer) =>
      withDeadline<unknown>(
        milliseconds,
        (deadline) => {
          const work = () => tap.tap(payload, deadline) as unknown;
          return context ? context.run(tap.plugin, work) : work();
        },
        outer,
      ),
  };
}
