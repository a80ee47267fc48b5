import {
  isPanelError,
  type ProviderEntry,
  ProviderError,
  type SidePorts,
  type Stand,
  type Unit,
  type UnitChange,
} from "@patchbay/sdk";
import * as v from "valibot";
import type { ExecutingPort, ProviderPort, RenderingPort } from "../slots/provider-port.ts";
import { type DescribedProvider, providerAnswers } from "./protocol.ts";
import type { Remote } from "./remote.ts";
import { markReported } from "./reported.ts";
import { fromWire, wireError } from "./wire-error.ts";

/** How long audit, base and render may take. Milliseconds. */
const deadlineMs = 10_000;
const failures = v.array(v.tuple([v.string(), wireError]));

interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly signal?: AbortSignal;
}
type Ask = <S extends v.GenericSchema>(schema: S, call: Call) => Promise<v.InferOutput<S>>;

/** Stands for a backend of a guest. Its methods are promises, which the engine awaits (`ProviderPort`). */
export function remoteProvider(remote: Remote, described: DescribedProvider, at: number): ProviderEntry {
  const { default: isDefault, failed, id, slot, title } = described;
  const create = (): ProviderPort => {
    if (failed) throw new Error(`${title} could not be set up`);
    const ask = asker(remote, `provider ${slot}`, at);
    return described.kind === "render" ? renderingPort(ask, described) : executingPort(ask, described);
  };
  return { slot, id, title, default: isDefault, create: create as unknown as ProviderEntry["create"] };
}

function asker(remote: Remote, where: string, at: number): Ask {
  return async (schema, { args, method, signal }) => {
    const how = { where, signal, judge: isProviderError, ...(signal ? {} : { deadlineMs }) };
    let answer: unknown;
    try {
      answer = await remote.call("provider", { at, method, args }, how);
    } catch (error) {
      // Its process is gone or late.
      if (isPanelError(error)) throw markReported(new ProviderError("unavailable", error.message, { cause: error }));
      throw error;
    }
    const parsed = v.safeParse(schema, answer);
    if (parsed.success) return parsed.output;
    throw markReported(new ProviderError("terminal", remote.nonsense(where).message));
  };
}

function isProviderError(error: unknown): boolean {
  return error instanceof ProviderError;
}

function renderingPort(ask: Ask, { methods }: DescribedProvider): RenderingPort {
  const { audit, rendered } = providerAnswers;
  const render = (method: string, ...args: readonly unknown[]) => ask(rendered, { method, args }) as Promise<never>;
  return {
    kind: "render",
    audit: (unit) => ask(audit, { method: "audit", args: [unit] }) as Promise<never>,
    base: (stand) => render("base", stand),
    render: (key, unit) => render("render", key, unit),
    ...(methods.includes("relay")
      ? { relay: (key: string, unit: Unit, to: SidePorts) => render("relay", key, unit, to) }
      : {}),
    ...(methods.includes("generation") ? { generation: (number: number) => render("generation", number) } : {}),
  };
}

function executingPort(ask: Ask, { methods }: DescribedProvider): ExecutingPort {
  const { audit, drifted, rendered, report } = providerAnswers;
  const render = (method: string, ...args: readonly unknown[]) => ask(rendered, { method, args }) as Promise<never>;
  return {
    kind: "execute",
    audit: (unit) => ask(audit, { method: "audit", args: [unit] }) as Promise<never>,
    execute: async (changes: readonly UnitChange[], signal) => {
      const failed = await ask(failures, { method: "execute", args: [changes], signal });
      return new Map(failed.map(([key, error]) => [key, toProviderError(fromWire(error))]));
    },
    drifted: (units, signal) => ask(drifted, { method: "drifted", args: [[...units]], signal }),
    ...(methods.includes("base") ? { base: (stand: Stand) => render("base", stand) } : {}),
    ...(methods.includes("generation") ? { generation: (number: number) => render("generation", number) } : {}),
    ...(methods.includes("report")
      ? {
          report: (key: string, unit: Unit, signal: AbortSignal) =>
            ask(report, { method: "report", args: [key, unit], signal }),
        }
      : {}),
  };
}

function toProviderError(error: Error): ProviderError {
  return error instanceof ProviderError ? error : new ProviderError("terminal", "a call failed", { cause: error });
}
