import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ReconcileCrashPoint, reconcileCrashPoints } from "./crash-points.ts";
import { Bench, put } from "./testing/bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
  await bench.engine.idle();
  await bench.set(["hosts", "h1", "old"], ["pools", "p1", "old"], ["sites", "s1", "old"], ["sites", "s2", "stays"]);
});
afterEach(() => bench.end());

const good = [
  ["hosts", "h1", "new"],
  ["hosts", "h2", "new"],
  ["pools", "p1", null],
  ["pools", "p2", "new"],
  ["sites", "s1", "own new"],
  ["sites", "s3", "new"],
] as const;
const bad = [...good, ["sites", "s4", "POISON"]] as const;
const before = { "hosts/h1": "old", "pools/p1": "old", "sites/s1": "old", "sites/s2": "stays" };
const after = {
  "hosts/h1": "new",
  "hosts/h2": "new",
  "pools/p2": "new",
  "sites/s1": "own new",
  "sites/s2": "stays",
  "sites/s3": "new",
};

/** Commits, lets the engine die, and starts it again until it lives. */
async function throughCrash(
  point: ReconcileCrashPoint,
  nth: number,
  things: typeof good | typeof bad,
): Promise<string> {
  bench.crashAt = { point, left: nth };
  const id = await bench.commit((change) => put(change, things));
  await Promise.race([bench.engine.idle(), died()]);
  bench.crashAt = undefined;
  await bench.restart();
  await bench.engine.idle();
  return id;
}

async function died(): Promise<void> {
  while (!bench.crashed) await new Promise((resolve) => setTimeout(resolve, 2));
}

const cases = reconcileCrashPoints.flatMap((point) => [1, 2, 3].map((nth) => [point, nth] as const));

describe.each(cases)("a death at %s, time %i", (point, nth) => {
  it("ends in the change being done", async () => {
    const id = await throughCrash(point, nth, good);
    expect(await bench.outcome(id)).toEqual({ state: "done" });
    expect(await bench.desired()).toEqual(after);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("ends in the change being undone when it cannot be applied", async () => {
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("POISON"));
    const id = await throughCrash(point, nth, bad);
    expect((await bench.outcome(id))?.state).toBe("undone");
    expect(await bench.desired()).toEqual(before);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });
});

it("every point is reached", async () => {
  bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("POISON"));
  for (const point of reconcileCrashPoints) {
    bench.crashAt = { point, left: 1 };
    await bench.commit((change) => put(change, bad));
    await died();
    await bench.restart();
    await bench.engine.idle();
  }
});

it.each(["reconcile:committed", "reconcile:recorded"] as const)("a run that dies at %s is completed", async (point) => {
  bench.toy.options.dialect = "fancy";
  bench.crashAt = { point, left: 1 };
  await expect(bench.engine.run()).rejects.toThrow("abandoned");
  await bench.restart();
  await bench.engine.idle();
  expect(await bench.faults()).toEqual([]);
  await bench.engine.run();
  expect(bench.helper.disk("toy-sites").get("lines/2.map")).toBe("fancy s1 old;\nfancy s2 stays;\n");
  expect(await bench.faults()).toEqual([]);
  expect((await bench.engine.run()).steps).toEqual([]);
});
