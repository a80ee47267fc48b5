import { setTimeout as sleep } from "node:timers/promises";
import type { Probe } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import { inParallel } from "./parallel.ts";

export interface ProbeTiming {
  /** Milliseconds until a probe that does not hold counts as failed. */
  readonly deadlineMs: number;
  /** Milliseconds for which what proves a reload must hold without a break. */
  readonly steadyMs: number;
}

/** A reload takes milliseconds with few sites and seconds with many: look often first, then less often. */
const firstPauseMs = 5;
const longestPauseMs = 100;
const concurrency = 16;
/** Once one probe has failed the daemon had its time: the others are only given this long. */
const shortDeadlineMs = 1000;

/**
 * A daemon with workers answers from old and new ones for a while after a reload. nginx starts the new ones and tells the
 * old ones to end 100 ms later; measured, 39 of 40 reloads gave an old answer up to 103 ms after the first new one, on a
 * busy machine 136 ms. Which worker gets a connection is not random, so that many new answers in a row prove nothing: a
 * reload counts when it is seen without a break for longer than that.
 */
export const defaultSteadyMs = 180;
const steadyPauseMs = 5;

/** True when every probe holds without a break for so long that nothing answers from before the reload any more. */
export async function holdSteadily(host: Host, probes: readonly Probe[], timing: ProbeTiming): Promise<boolean> {
  const ends = await Promise.all(probes.map((probe) => holdsSteadily(host, probe, timing)));
  return ends.every((held) => held);
}

async function holdsSteadily(host: Host, probe: Probe, { deadlineMs, steadyMs }: ProbeTiming): Promise<boolean> {
  if (!(await holds(host, probe, deadlineMs))) return false;
  const signal = AbortSignal.timeout(deadlineMs);
  let since = performance.now();
  while (performance.now() - since < steadyMs) {
    if (signal.aborted) return false;
    await sleep(steadyPauseMs);
    if (!(await host.probe(probe, signal))) since = performance.now();
  }
  return true;
}

/** Looks at each probe until it holds. Returns the indexes of those that did not before the deadline. */
export async function failedProbes(
  host: Host,
  probes: readonly Probe[],
  timing: ProbeTiming,
): Promise<readonly number[]> {
  const failed: number[] = [];
  await inParallel([...probes.entries()], concurrency, async ([index, probe]) => {
    const deadlineMs = failed.length === 0 ? timing.deadlineMs : Math.min(timing.deadlineMs, shortDeadlineMs);
    if (!(await holds(host, probe, deadlineMs))) failed.push(index);
  });
  return failed;
}

async function holds(host: Host, probe: Probe, deadlineMs: number): Promise<boolean> {
  const signal = AbortSignal.timeout(deadlineMs);
  for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(pause * 1.5, longestPauseMs)) {
    if (await host.probe(probe, signal)) return true;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
