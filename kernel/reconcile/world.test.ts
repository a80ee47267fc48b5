import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Bench, put } from "./testing/bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
  await bench.engine.idle();
  await bench.set(["hosts", "h1", "a"], ["pools", "p1", "b"], ["sites", "s1", "own c"], ["sites", "s2", "d"]);
  bench.helper.calls.length = 0;
});
afterEach(() => bench.end());

describe("a plan", () => {
  it("tells what a change would do, as diffs, and does nothing", async () => {
    const plan = await bench.storage.change(
      async (change) => {
        await put(change, [
          ["sites", "s1", "own x"],
          ["sites", "s2", null],
          ["pools", "p2", "new"],
          ["hosts", "h1", "z"],
        ]);
        return bench.engine.plan(change.read, change.marks);
      },
      { rollback: true },
    );
    expect(plan.warnings).toEqual([]);
    expect(plan.steps).toEqual([
      { slot: "hosts", unit: "h1", action: "update", target: "h1" },
      { slot: "pools", unit: "p2", action: "create", target: "p2" },
      {
        slot: "pools",
        unit: "p2",
        action: "write",
        target: "pool.d/p2.conf",
        diff: "--- /dev/null\n+++ b/pool.d/p2.conf\n@@ -0,0 +1,1 @@\n+pool p2 new\n",
      },
      { slot: "pools", unit: "", action: "start", target: "pool@p2" },
      { slot: "sites", unit: "s1", action: "update", target: "s1" },
      { slot: "sites", unit: "s2", action: "remove", target: "s2" },
      {
        slot: "sites",
        unit: "s1",
        action: "write",
        target: "sites/s1.conf",
        diff: "--- a/sites/s1.conf\n+++ b/sites/s1.conf\n@@ -1,1 +1,1 @@\n-own c\n+own x\n",
      },
      {
        slot: "sites",
        unit: "",
        action: "write",
        target: "lines/2.map",
        diff: "--- a/lines/2.map\n+++ b/lines/2.map\n@@ -1,2 +1,1 @@\n-plain s1 own c;\n-plain s2 d;\n+plain s1 own x;\n",
      },
      { slot: "sites", unit: "", action: "reload", target: "daemon" },
    ]);
    expect(bench.helper.calls.every((call) => call.op === "tree.read")).toBe(true);
    expect(await bench.faults()).toEqual([]);
  });

  it("shows of a shared file only the lines that change", async () => {
    const plan = await bench.storage.change(
      async (change) => {
        await put(change, [["sites", "s1", "own c2"]]);
        return bench.engine.plan(change.read, change.marks);
      },
      { rollback: true },
    );
    const diffs = plan.steps.flatMap((step) => step.diff ?? []);
    expect(diffs.join("")).toContain("+plain s1 own c2;");
    expect(diffs.join("")).not.toContain("s2");
  });

  it("warns of what cannot be expressed", async () => {
    const plan = await bench.storage.change(
      async (change) => {
        await put(change, [["sites", "s3", "unsupported"]]);
        return bench.engine.plan(change.read, change.marks);
      },
      { rollback: true },
    );
    expect(plan.steps).toEqual([]);
    expect(plan.warnings).toEqual([
      "sites s3: sites: the backend in use cannot do what was asked for; text: cannot be said",
    ]);
  });

  it("of everything is what a run then does", async () => {
    bench.toy.options.dialect = "fancy";
    bench.toy.options.base = "base 2";
    bench.helper.write("toy-pools", "pool.d/p1.conf", null);
    const { steps } = await bench.engine.plan(bench.storage.read, "all");
    expect(steps.map(({ action, target }) => `${action} ${target}`)).toEqual([
      "update p1",
      "write pool.d/p1.conf",
      "reload pool@p1",
      "update s1",
      "update s2",
      "write main.conf",
      "write lines/2.map",
      "reload daemon",
    ]);
    const done = await bench.engine.run();
    expect(done.steps).toEqual(steps.map(({ diff: _, ...step }) => step));
    expect(done.failures).toEqual([]);
    expect(await bench.faults()).toEqual([]);
    expect(await bench.engine.plan(bench.storage.read, "all")).toEqual({ steps: [], warnings: [] });
  });
});

describe("a run", () => {
  it("mends what is missing and leaves what was changed by hand", async () => {
    bench.helper.write("toy-sites", "lines/2.map", null);
    bench.helper.write("toy-sites", "generation.conf", null);
    bench.helper.write("toy-pools", "pool.d/p1.conf", "by hand\n");
    const { failures } = await bench.engine.run();
    expect(failures).toMatchObject([{ slot: "pools", key: "p1", kind: "conflict" }]);
    expect(bench.helper.disk("toy-sites").get("lines/2.map")).toBe("plain s1 own c;\nplain s2 d;\n");
    expect(bench.helper.disk("toy-sites").has("generation.conf")).toBe(true);
    expect(bench.helper.disk("toy-pools").get("pool.d/p1.conf")).toBe("by hand\n");
    bench.helper.write("toy-pools", "pool.d/p1.conf", "pool p1 b\n");
    expect(await bench.faults()).toEqual([]);
  });

  it("writes the file that proves a reload again when that alone is missing", async () => {
    bench.helper.write("toy-sites", "generation.conf", null);
    await bench.engine.run();
    expect(await bench.faults()).toEqual([]);
  });

  it("refuses to remove much at once unless that is confirmed", async () => {
    await bench.change((change) =>
      put(
        change,
        Array.from({ length: 9 }, (_, i) => ["sites", `n${i}`, "x"] as const),
      ),
    );
    // Written past the intents, as a restored backup would be.
    await bench.storage.change(async (change) => void (await change.db("things").where("key", "like", "n%").delete()));
    expect((await bench.engine.plan(bench.storage.read, "all")).warnings[0]).toContain("9 of 11 units of sites");
    await expect(bench.engine.run()).rejects.toMatchObject({ code: "UNSAFE_PLAN", status: 409 });
    expect(bench.helper.disk("toy-sites").get("lines/2.map")).toContain("n1");
    await bench.engine.run({ confirmRemovals: true });
    expect(await bench.faults()).toEqual([]);
  });

  it("does not call the many removals of one change unsafe", async () => {
    const many = Array.from({ length: 20 }, (_, i) => `m${i}`);
    await bench.change((change) =>
      put(
        change,
        many.map((key) => ["sites", key, "x"] as const),
      ),
    );
    expect(
      await bench.change((change) =>
        put(
          change,
          many.map((key) => ["sites", key, null] as const),
        ),
      ),
    ).toEqual({ state: "done" });
    expect(await bench.faults()).toEqual([]);
  });

  it("goes through more units than a page holds, and the second time does nothing", async () => {
    const many = Array.from({ length: 1100 }, (_, i) => `unit-${String(i).padStart(4, "0")}${"x".repeat(i % 3)}`);
    await bench.change((change) =>
      put(
        change,
        many.map((key) => ["sites", key, "x"] as const),
      ),
    );
    bench.toy.options.dialect = "fancy";
    expect((await bench.engine.run()).failures).toEqual([]);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });
});

describe("a plan for providers that change places", () => {
  it("of everything says what both do", async () => {
    bench.toy.chosen = "two";
    const { steps } = await bench.engine.plan(bench.storage.read, "all");
    expect(steps.map(({ action, target }) => `${action} ${target}`)).toEqual([
      "create s1",
      "create s2",
      "write main.conf",
      "write sites/s1.conf",
      "write lines/2.map",
      "stop daemon",
      "start daemon",
    ]);
    const done = await bench.engine.run();
    expect(done.steps).toEqual(steps.map(({ diff: _, ...step }) => step));
    expect(await bench.faults()).toEqual([]);
  });

  it("of a change shows nothing but its own units", async () => {
    bench.toy.options.base = "base 2";
    const plan = (chosen: string) => {
      bench.toy.chosen = chosen;
      return bench.storage.change(
        async (change) => {
          await put(change, [["sites", "s2", "new"]]);
          return bench.engine.plan(change.read, change.marks);
        },
        { rollback: true },
      );
    };
    for (const chosen of ["one", "two"]) {
      const text = JSON.stringify(await plan(chosen));
      expect(text).toContain("s2 new");
      expect(text).not.toMatch(/base|s1/);
    }
  });
});
