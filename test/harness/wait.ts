import { setTimeout as sleep } from "node:timers/promises";

/** Asks again until the answer is true. Throws with `what` when that takes longer than the deadline. Milliseconds. */
export async function until(what: string, isSo: () => unknown, deadline = 10_000): Promise<void> {
  const end = performance.now() + deadline;
  for (;;) {
    let reason: unknown;
    try {
      if (await isSo()) return;
    } catch (error) {
      reason = error;
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${deadline} ms`, { cause: reason });
    await sleep(20);
  }
}
