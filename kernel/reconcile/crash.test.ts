import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ReconcileCrashPoint, reconcileCrashPoints } from "./crash-points.ts";
import { assign, Bench, choose, put } from "./testing/bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
  await bench.engine.idle();
  await bench.set(["hosts", "h1", "old"], ["pools", "p1", "old"], ["sites", "s1", "old"], ["sites", "s2", "stays"]);
});
afterEach(() => bench.end());

type Work = Parameters<Bench["commit"]>[0];

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
async function throughCrash([point, nth]: readonly [ReconcileCrashPoint, number], work: Work): Promise<string> {
  bench.crashAt = { point, left: nth };
  const id = await bench.commit(work);
  await Promise.race([bench.engine.idle(), died()]);
  await comeBack();
  return id;
}

async function comeBack(): Promise<void> {
  bench.crashAt = undefined;
  await bench.restart();
  await bench.engine.idle();
}

async function died(): Promise<void> {
  while (!bench.crashed && bench.crashAt) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Points of a pass that changes units where they are. */
const ordinary = reconcileCrashPoints.filter((point) => !/handed|arrived|stopped|retired|prepared/.test(point));
const times = (points: readonly ReconcileCrashPoint[], upTo: number) =>
  points.flatMap((point) => Array.from({ length: upTo }, (_, i) => [point, i + 1] as const));

describe.each(times(ordinary, 3))("a death at %s, time %i", (point, nth) => {
  it("ends in the change being done", async () => {
    const id = await throughCrash([point, nth], (change) => put(change, good));
    expect(await bench.outcome(id)).toEqual({ state: "done" });
    expect(await bench.desired()).toEqual(after);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("ends in the change being undone when it cannot be applied", async () => {
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("POISON"));
    const id = await throughCrash([point, nth], (change) => put(change, bad));
    expect((await bench.outcome(id))?.state).toBe("undone");
    expect(await bench.desired()).toEqual(before);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });
});

/** The front is handed over, units move to the side and back, zones get a server, all in one change. */
const everything: Work = async (change) => {
  await choose(change, "sites", "two");
  await choose(change, "zones", "near");
  await assign(change, ["sites", "s1"], "one");
  await assign(change, ["zones", "z1"], "far");
  await put(change, [
    ["sites", "s3", "new"],
    ["zones", "z2", "new"],
  ]);
};

describe.each(times(reconcileCrashPoints, 4))("a death at %s, time %i, while providers change places", (point, nth) => {
  beforeEach(async () => {
    await bench.set(["zones", "z1", "old"]);
    await bench.change((change) => assign(change, ["zones", "z1"], "near"));
  });

  it.each([false, true])("leaves one front, which the option names (prepared before: %s)", async (isPrepared) => {
    if (isPrepared) await bench.engine.prepareCandidate("sites", "two", () => {});
    const id = await throughCrash([point, nth], everything);
    expect(await bench.outcome(id)).toEqual({ state: "done" });
    await expectFront("two");
    expect([...bench.helper.running.keys()].sort()).toContain("toy-sites:daemon");
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("leaves everything with the former when the new one does not serve a unit", async () => {
    bench.deaf.add("s2.test");
    const id = await throughCrash([point, nth], everything);
    bench.deaf.clear();
    expect((await bench.outcome(id))?.state).toBe("undone");
    await expectFront("one");
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });
});

describe.each(times(["reconcile:stopped", "reconcile:retired", "reconcile:ledger"], 2))(
  "a death at %s, time %i, while a provider goes to sleep",
  (point, nth) => {
    it("leaves nothing running that nothing needs", async () => {
      await bench.change((change) => assign(change, ["sites", "s1"], "two"));
      await throughCrash([point, nth], (change) => assign(change, ["sites", "s1"], null));
      expect([...bench.helper.running.keys()].sort()).toEqual(["toy-pools:pool@p1", "toy-sites:daemon"]);
      expect(await bench.faults()).toEqual([]);
      expect((await bench.engine.run()).steps).toEqual([]);
    });
  },
);

const whilePreparing = ordinary.filter((point) => !/taken|announced|executed|failed|undoing|finished/.test(point));

it.each([...whilePreparing, "reconcile:prepared" as const])(
  "a candidate that is being prepared sleeps after a death at %s",
  async (point) => {
    bench.crashAt = { point, left: 1 };
    await expect(bench.engine.prepareCandidate("sites", "two", () => {})).rejects.toThrow("abandoned");
    await comeBack();
    await expectFront("one");
    expect([...bench.helper.running.keys()].sort()).toEqual(["toy-pools:pool@p1", "toy-sites:daemon"]);
    // Its lines were not written down any more: nobody serves them, and preparing it again writes all of them anew.
    if (point !== "reconcile:committed") expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
    expect(await bench.engine.prepareCandidate("sites", "two", () => {})).toEqual([]);
    expect(await bench.choose("sites", "two")).toEqual({ state: "done" });
    expect(await bench.faults()).toEqual([]);
  },
);

async function expectFront(id: "one" | "two"): Promise<void> {
  const plugin = id === "one" ? "toy-sites" : "toy-other";
  expect(bench.toy.chosen).toBe(id);
  expect(bench.helper.fronts()).toEqual([`${plugin}:daemon`]);
  expect(await bench.rows("slot_fronts")).toContainEqual({ slot: "sites", plugin });
}

it("every point is reached", async () => {
  bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("POISON"));
  const dies = async (point: ReconcileCrashPoint, work: () => Promise<unknown>) => {
    bench.crashAt = { point, left: 1 };
    await work();
    await died();
    expect(bench.crashed, point).toBe(true);
    await comeBack();
  };
  for (const point of ordinary) await dies(point, () => bench.commit((change) => put(change, bad)));
  const prepare = () => bench.engine.prepareCandidate("sites", "two", () => {}).catch(() => undefined);
  await dies("reconcile:prepared", prepare);
  await dies("reconcile:handed", () => bench.commit((change) => choose(change, "sites", "two")));
  await bench.change((change) => assign(change, ["sites", "s1"], "one"));
  const back: Work = (change) => assign(change, ["sites", "s1"], null);
  await dies("reconcile:stopped", () => bench.commit(back));
  await bench.change((change) => assign(change, ["sites", "s1"], "one"));
  await dies("reconcile:retired", () => bench.commit(back));
  await dies("reconcile:arrived", () => bench.commit((change) => choose(change, "zones", "near")));
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
