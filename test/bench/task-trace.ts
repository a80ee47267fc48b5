import type { Read } from "@patchbay/sdk";
import type { HelperClient, Host } from "../../kernel/host/types.ts";
import { isEnd, type Outcomes } from "../../kernel/operations/outcome.ts";
import { epochMs } from "./trace.ts";

/** One step of a transaction of the helper, or a time in which probes were under way. Milliseconds since 1970. */
export interface TracedCall {
  /** `apply.…`, or `probe`. */
  readonly op: string;
  readonly tx: string;
  readonly from: number;
  readonly to: number;
  /** How many were staged by it. */
  readonly files: number;
  /** Plugins of which it reloaded a daemon. */
  readonly reloads: readonly string[];
}

/** A step of a task that has become something, or the task that has ended (`endOfTask`). */
export interface TracedStep {
  readonly name: string;
  readonly state: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Begin lines that the driver of the benchmark reads. */
export const callMark = "bench-call ";
export const stepMark = "bench-step ";
/** No step of the panel's own is called so. */
export const endOfTask = "(end)";

/** Of the calls of a transaction, what is looked at. */
interface CallInput {
  readonly tx?: string;
  readonly files?: readonly unknown[];
  readonly reload?: readonly { readonly plugin: string }[];
}

/** A host that says when each step of a transaction began and ended, and when it probed. */
export function traceCalls(host: Host): Host {
  const client = host.helper;
  const print = (traced: TracedCall) => void process.stdout.write(`${callMark}${JSON.stringify(traced)}\n`);
  const call: HelperClient["call"] = async (op, input, options) => {
    const from = epochMs();
    try {
      return await client.call(op, input, options);
    } finally {
      if (op.startsWith("apply.")) {
        const { tx = "", files = [], reload = [] } = input as CallInput;
        print({ op, tx, from, to: epochMs(), files: files.length, reloads: reload.map(({ plugin }) => plugin) });
      }
    }
  };
  let [looking, since] = [0, 0];
  const probe: Host["probe"] = async (...input) => {
    if (looking === 0) since = epochMs();
    looking += 1;
    try {
      return await host.probe(...input);
    } finally {
      looking -= 1;
      if (looking === 0) print({ op: "probe", tx: "", from: since, to: epochMs(), files: 0, reloads: [] });
    }
  };
  return { ...host, helper: { call }, probe };
}

/** Says when each step of a task begins and ends. The time is that of the commit, not that at which it is read. */
export function traceTask(outcomes: Outcomes, read: Read, id: string): void {
  const shown = new Map<string, string>();
  const show = (step: TracedStep) => {
    if (shown.get(step.name) === step.state) return;
    shown.set(step.name, step.state);
    process.stdout.write(`${stepMark}${JSON.stringify(step)}\n`);
  };
  const look = async (at: number) => {
    const { steps, state, error } = await outcomes.view(read, id, { userId: null, role: "admin" });
    for (const step of steps) show({ ...step, at });
    if (!isEnd(state)) return;
    stop();
    show({ name: endOfTask, state, message: error ?? "", at });
  };
  const stop = outcomes.watchers.watch(id, () => void look(epochMs()));
  void look(epochMs());
}
