import { setTimeout as sleep } from "node:timers/promises";

/** Asks until the answer is true. Throws with `what` when that takes longer than `deadline` milliseconds. */
export async function until(what: string, isSo: () => unknown, deadline = 10_000): Promise<void> {
  const end = performance.now() + deadline;
  for (;;) {
    if (await isSo()) return;
    if (performance.now() > end) throw new Error(`${what}: not within ${deadline} ms`);
    await sleep(20);
  }
}
