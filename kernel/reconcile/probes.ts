import { setTimeout as sleep } from "node:timers/promises";
import type { Probe, SidePorts } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import { within } from "../host/within.ts";
import { inParallel } from "./parallel.ts";

/** A probe, and where to look: at the public ports unless others are named. */
export interface Sight {
  readonly probe: Probe;
  readonly ports: SidePorts | undefined;
}

export interface ProbeTiming {
  /** Milliseconds until a probe that does not hold counts as failed. */
  readonly deadlineMs: number;
  /** Asked now and then: true ends the waiting. Must not reject. */
  isHopeless?(): Promise<boolean>;
}

/** A reload takes milliseconds with few sites and seconds with many: look often first, then less often. */
const firstPauseMs = 5;
const longestPauseMs = 100;
/** How often it is asked whether waiting makes sense. */
const hopePauseMs = 300;
const concurrency = 16;
/** Once one probe has failed the daemon had its time: the others are only given this long. */
const shortDeadlineMs = 1000;

/** Looks at each probe until it holds. Returns the indexes of those that did not before the deadline. */
export async function failedProbes(
  host: Host,
  sights: readonly Sight[],
  timing: ProbeTiming,
): Promise<readonly number[]> {
  const failed: number[] = [];
  const hopeless = new AbortController();
  const watch = setInterval(async () => {
    if (await timing.isHopeless?.()) hopeless.abort();
  }, hopePauseMs);
  try {
    await inParallel([...sights.entries()], concurrency, async ([index, sight]) => {
      const deadlineMs = failed.length === 0 ? timing.deadlineMs : Math.min(timing.deadlineMs, shortDeadlineMs);
      const look = (signal: AbortSignal) => holds(host, sight, signal);
      if (!(await within(deadlineMs, hopeless.signal, look))) failed.push(index);
    });
  } finally {
    clearInterval(watch);
  }
  return failed;
}

async function holds(host: Host, { ports, probe }: Sight, signal: AbortSignal): Promise<boolean> {
  for (let pause = firstPauseMs; !signal.aborted; pause = Math.min(pause * 1.5, longestPauseMs)) {
    if (await host.probe(probe, signal, ports)) return true;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
