import { expect, test } from "vitest";
import { helperCrashPoints } from "../../kernel/helper/crash-points.ts";
import { problemOf } from "./every-point.ts";
import { acts, Lane } from "./lane.ts";

const again = helperCrashPoints.filter((step) => step.startsWith("apply.rollback:"));

test("a change is whole or gone after the recovery from a crash has crashed too", async () => {
  const lane = await Lane.open();
  try {
    // The first of its kind starts the daemons, which the others only reload.
    await lane.points();
    for (const act of acts) {
      for (const step of again) {
        const points = ["kernel:reconcile:activated:1", `helper:${step}:1`];
        const wrong = await lane.crash({ act, points }, "one").then(() => undefined, problemOf);
        expect.soft(wrong, `${act}, killed at ${points.join(" then ")}`).toBeUndefined();
      }
    }
    expect(again.length).toBeGreaterThan(3);
  } finally {
    await lane.close();
  }
}, 600_000);
