import { PanelError } from "@patchbay/sdk";
import type { CallFacts } from "./desk.ts";
import { LateError, LineGone } from "./line.ts";
import { markReported } from "./reported.ts";
import type { Fault } from "./types.ts";
import { GuestError } from "./wire-error.ts";

/** How one call into a guest is made. */
export interface RemoteCall {
  /** What it is for people: an operation or task id, `provider web`. */
  readonly where: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly facts?: CallFacts;
  /** Left out, what goes wrong is told by whoever calls: the hook table blames taps itself. */
  readonly judge?: (error: unknown) => boolean;
}

/** The way into a plugin's process, whichever one it is now. */
export interface Remote {
  readonly plugin: string;
  call(name: string, input: unknown, how: RemoteCall): Promise<unknown>;
  /** Tells that the plugin answered what it may not answer, and returns the error for whoever asked. */
  nonsense(where: string): Error;
}

/** PLUGIN_UNAVAILABLE (503). Its reason, the end of a process or a late answer, was told before. */
export function unavailable(plugin: string): PanelError {
  return markReported(
    new PanelError("PLUGIN_UNAVAILABLE", {
      status: 503,
      message: `The plugin ${plugin} does not answer at the moment.`,
      retry: "later",
      retryAfterSeconds: 1,
    }),
  );
}

/** What whoever called gets for an error, after the fault was told where there is one to tell. */
export function judged(
  plugin: string,
  error: unknown,
  { judge, signal, where }: RemoteCall,
  tell: (fault: Fault) => void,
): unknown {
  if (error instanceof LineGone) return unavailable(plugin);
  if (error instanceof LateError) {
    tell({ plugin, kind: "late", where, message: error.message });
    return unavailable(plugin);
  }
  if (!judge || signal?.aborted || judge(error)) return error;
  tell({
    plugin,
    kind: "threw",
    where,
    message: error instanceof GuestError ? error.place : "an error of a wrong kind",
  });
  return error instanceof Error ? markReported(error) : error;
}
