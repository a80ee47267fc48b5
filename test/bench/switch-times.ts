import { callMark, endOfTask, stepMark, type TracedCall, type TracedStep } from "./task-trace.ts";
import { linesOf, shadowMark } from "./trace.ts";

/** Where the time of a switch went. Milliseconds, except for the count. */
export interface SwitchTimes {
  /** From the moment it was asked for to its end. */
  readonly total: number;
  /** Making the candidate ready at the side, without what its daemon and the probes took: all that the panel itself does. */
  readonly written: number;
  /** Of it: files written beside the live tree and put into their place. */
  readonly placed: number;
  /** How many. */
  readonly files: number;
  /** The candidate's own tests of its configuration. */
  readonly tested: number;
  /** The candidate started or reloaded, until it has shown that it has loaded everything. */
  readonly loaded: number;
  /** The candidate asked for every unit. */
  readonly asked: number;
  readonly compared: number;
  readonly handedOver: number;
  /** What the panel says of the public port. */
  readonly reportedGap: number;
}

/** True when the end of the task is among what the panel printed. */
export function hasEnded(output: string): boolean {
  return linesOf<TracedStep>(output, stepMark).some(({ name }) => name === endOfTask);
}

/** Reads what a traced panel printed during one switch that was asked for at `askedAt`, milliseconds since 1970. */
export function switchTimes(output: string, askedAt: number): SwitchTimes {
  const steps = linesOf<TracedStep>(output, stepMark);
  const [prepare, compare, handOver] = [spanOf(steps, "prepare"), spanOf(steps, "compare"), spanOf(steps, "hand-over")];
  const calls = linesOf<TracedCall>(output, callMark).filter(
    ({ from, to }) => from >= prepare.from && to <= prepare.to,
  );
  const shadows = linesOf<number>(output, shadowMark);
  const tests = calls.filter(({ op }) => op === "apply.test").map((test) => ownTest(test, shadows));
  const trials = new Map<string, Span>();
  for (const { op, tx, from } of calls) {
    if (op === "apply.activate") trials.set(tx, { from: trials.get(tx)?.from ?? from, to: from });
    if (op === "apply.commit") trials.set(tx, { from: trials.get(tx)?.from ?? from, to: from });
  }
  const loading = [...trials.values()];
  const probing = calls.filter(
    ({ op, from, to }) => op === "probe" && !loading.some((one) => from >= one.from && to <= one.to),
  );
  const asking = { from: probing[0]?.from ?? 0, to: probing.at(-1)?.to ?? 0 };
  const [tested, loaded, asked] = [lengthOf(tests), lengthOf(loading), lengthOf([asking])];
  const placing = new Set(["apply.stage", "apply.test", "apply.swap", "apply.commit"]);
  return {
    total: firstAt(steps, endOfTask) - askedAt,
    written: lengthOf([prepare]) - tested - loaded - asked,
    placed: lengthOf(calls.filter(({ op }) => placing.has(op))) - tested,
    files: calls.reduce((sum, { files }) => sum + files, 0),
    tested,
    loaded,
    asked,
    compared: lengthOf([compare]),
    handedOver: lengthOf([handOver]),
    reportedGap: Number(/([\d,]+) ms/.exec(handOver.message)?.[1]?.replaceAll(",", "")),
  };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}

function spanOf(steps: readonly TracedStep[], name: string): Span & { readonly message: string } {
  const { message = "" } = steps.find((step) => step.name === name && step.state === "done") ?? {};
  return { from: firstAt(steps, name, "running"), to: firstAt(steps, name, "done"), message };
}

function firstAt(steps: readonly TracedStep[], name: string, state = "done"): number {
  const step = steps.find((one) => one.name === name && one.state === state);
  if (!step) throw new Error(`the traced panel did not say when ${name} was ${state}`);
  return step.at;
}

/** Building the tree that is tested comes before. */
function ownTest({ from, to }: TracedCall, shadows: readonly number[]): Span {
  return { from: shadows.find((at) => at >= from && at <= to) ?? from, to };
}
