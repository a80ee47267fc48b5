import { expect } from "vitest";
import { firstAndLast } from "../harness/crash-plan.ts";
import { openAll } from "../harness/open-all.ts";
import { acts, type Crash, Lane, type Victims } from "./lane.ts";

/** Instances that are crashed side by side. */
const lanes = 2;

/**
 * Kills at the steps that creating an account, adding a domain and terminating an account reach: every time one is reached, or
 * the first and the last time of each. One expectation for each.
 */
export async function crashEverywhere(victims: Victims, times: "all" | "first and last"): Promise<void> {
  const open = await openAll(lanes, () => Lane.open());
  try {
    const first = open[0] as Lane;
    const [points] = await Promise.all([first.points(), ...open.slice(1).map((lane) => lane.points())]);
    const crashes = acts.flatMap((act) => {
      const reached = points.get(act) ?? [];
      return (times === "all" ? reached : firstAndLast(reached)).map((point): Crash => ({ act, points: [point] }));
    });
    const queues = open.map((lane, at) => ({
      lane,
      rounds: inRounds(crashes.filter((_, index) => index % lanes === at)),
    }));
    const ends = { there: 0, gone: 0, broken: 0 };
    const started = performance.now();
    await Promise.all(
      queues.map(async ({ lane, rounds }) => {
        for (const crash of rounds) {
          const name = `${crash.act}, ${victims} killed at ${crash.points.join(" then ")}`;
          const wrong = await lane.crash(crash, victims).then(
            (end) => {
              ends[end] += 1;
            },
            (error: unknown) => problemOf(error),
          );
          if (wrong !== undefined) ends.broken += 1;
          expect.soft(wrong, name).toBeUndefined();
        }
      }),
    );
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    process.stdout.write(`${crashes.length} points, ${victims} killed: ${JSON.stringify(ends)} in ${seconds} s\n`);
    expect(crashes.length).toBeGreaterThan(100);
  } finally {
    await Promise.all(open.map((lane) => lane.close()));
  }
}

/** One crash of each act in turn, so that what one leaves is what the next starts from. */
function inRounds(crashes: readonly Crash[]): Crash[] {
  const byAct = acts.map((act) => crashes.filter((crash) => crash.act === act));
  const longest = Math.max(...byAct.map((list) => list.length));
  return Array.from({ length: longest }, (_, round) => byAct.flatMap((list) => list[round] ?? [])).flat();
}

/** What is wrong, with what it was waiting for. */
export function problemOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
