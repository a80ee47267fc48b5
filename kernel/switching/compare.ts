import type { ParityRequest, Read, Slot } from "@patchbay/sdk";
import { fetchParity, type ParityPorts } from "../host/parity.ts";
import { inParallel } from "../reconcile/parallel.ts";
import { isAlike, judge, nameOf } from "./judge.ts";
import { concernedUnits } from "./units.ts";

const atATime = 8;

export interface ComparePlaces {
  /** Where the front is that is in use. */
  readonly before: ParityPorts;
  /** Where the candidate is. */
  readonly now: ParityPorts;
}

/** What visitors would notice. Each entry is for people and begins with what was asked for, `a.test/`. */
export interface Comparison {
  readonly worse: readonly string[];
  readonly different: readonly string[];
}

export interface CompareOptions extends ComparePlaces {
  readonly signal: AbortSignal;
  onProgress(units: number): void;
}

/** Asks for every unit of a slot at both, eight units at a time. */
export async function compareAll(slot: Slot, read: Read, options: CompareOptions): Promise<Comparison> {
  const found = { worse: [] as string[], different: [] as string[] };
  let done = 0;
  for await (const units of concernedUnits(slot, read)) {
    await inParallel([...units], atATime, async ([key, unit]) => {
      options.signal.throwIfAborted();
      for (const request of slot.parity?.(key, unit) ?? []) await compareOne(request, options, found);
      done += 1;
      options.onProgress(done);
    });
  }
  return { worse: found.worse.sort(), different: found.different.sort() };
}

async function compareOne(
  request: ParityRequest,
  { before, now, signal }: CompareOptions,
  found: { readonly worse: string[]; readonly different: string[] },
): Promise<void> {
  const ask = () => Promise.all([fetchParity(request, before, signal), fetchParity(request, now, signal)]);
  const [old, candidate] = await ask();
  if (isAlike(old, candidate)) return;
  const [oldAgain, candidateAgain] = await ask();
  signal.throwIfAborted();
  const verdict = judge([old, oldAgain], candidateAgain);
  const name = `${request.port === "https" ? "https://" : ""}${request.host}${request.path}`;
  if (verdict === "different") found.different.push(name);
  if (verdict === "worse")
    found.worse.push(`${name} answers ${nameOf(candidateAgain.status)} instead of ${nameOf(oldAgain.status)}`);
}
