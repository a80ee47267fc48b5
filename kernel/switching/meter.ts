import type { TaskContext } from "@patchbay/sdk";
import { number } from "./words.ts";

/** People cannot read faster, and every report is a write to the disk. Milliseconds. */
const pauseMs = 250;

/** Shows how far a step is. */
export interface Meter {
  /** May be called as often as one likes; never waits. */
  set(done: number, all: number): void;
  /** Resolves when nothing is being written any more. */
  end(): Promise<void>;
}

/** Reports `1,200 of 10,000 units`, and the task's progress between two shares of the whole. */
export function createMeter(
  ctx: Pick<TaskContext, "step" | "progress">,
  { name, from, to }: { readonly name: string; readonly from: number; readonly to: number },
): Meter {
  let writing: Promise<void> | undefined;
  let writtenAt = performance.now();
  const write = async (done: number, all: number) => {
    await ctx.step(name, "running", `${number(done)} of ${number(all)} units`);
    await ctx.progress(from + ((to - from) * done) / Math.max(all, 1));
  };
  return {
    set: (done, all) => {
      if (writing || performance.now() - writtenAt < pauseMs) return;
      writtenAt = performance.now();
      // A report that could not be written is made up for by the next.
      writing = write(done, all)
        .catch(() => undefined)
        .finally(() => {
          writing = undefined;
        });
    },
    end: async () => writing,
  };
}
