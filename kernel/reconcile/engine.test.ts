import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Bench, put } from "./testing/bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
  await bench.engine.idle();
});
afterEach(() => bench.end());

const poison = (text: string) => {
  bench.helper.refuses = (tree) => [...tree.values()].some((content) => content.includes(text));
};
const reloads = () => bench.helper.count("apply.activate");

it("awaits providers that answer later, many at once, and blames each unit alone", async () => {
  bench.toy.late = true;
  const many = Array.from(
    { length: 100 },
    (_, at) => ["sites", `site${at}`, at === 50 ? "throws" : "x"] as [string, string, string],
  );
  await bench.engine.run();
  const results = await Promise.all(many.map((one) => bench.set(one, ["pools", `p${one[1]}`, "b"])));
  expect(results.flatMap(({ state }, at) => (state === "done" ? [] : [at]))).toEqual([50]);
  expect(bench.helper.disk("toy-sites").get("lines/2.map")?.trim().split("\n")).toHaveLength(89);
  expect(await bench.engine.drift()).toEqual([]);
  await bench.choose("sites", "two");
  expect(bench.helper.disk("toy-other").get("main.conf")).toBe("other base\n");
  bench.toy.late = false;
  expect(await bench.engine.run()).toEqual({ steps: [], failures: [] });
});

describe("applying changes", () => {
  it("brings bases up at the start and units up with their change", async () => {
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("base 1\n");
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(await bench.set(["hosts", "h1", "a"], ["pools", "p1", "b"], ["sites", "s1", "c"])).toEqual({
      state: "done",
    });
    expect(bench.helper.disk("toy-sites").get("lines/2.map")).toBe("plain s1 c;\n");
    expect(bench.toy.world.hosts).toEqual(new Map([["h1", "a"]]));
    expect(bench.helper.running.has("toy-pools:pool@p1")).toBe(true);
    expect(await bench.faults()).toEqual([]);
  });

  it("sorts the lines of a shared file by the bytes of their keys and leaves other files alone", async () => {
    await bench.set(["sites", "zz", "1"], ["sites", "aa", "2"], ["sites", "aaa", "3"]);
    const before = bench.helper.disk("toy-sites").get("lines/3.map");
    await bench.set(["sites", "Zz", "4"]);
    expect(bench.helper.disk("toy-sites").get("lines/2.map")).toBe("plain Zz 4;\nplain aa 2;\nplain zz 1;\n");
    expect(bench.helper.disk("toy-sites").get("lines/3.map")).toBe(before);
    const staged = bench.helper.calls.filter((call) => call.op === "apply.stage").at(-1);
    expect((staged?.input as { files: { path: string }[] } | undefined)?.files.map((f) => f.path)).toEqual([
      "lines/2.map",
      "generation.conf",
    ]);
  });

  it("serves 100 changes at once with at most 5 reloads", async () => {
    const before = reloads();
    const results = await Promise.all(Array.from({ length: 100 }, (_, i) => bench.set(["sites", `site${i}`, "x"])));
    expect(results.every((result) => result.state === "done")).toBe(true);
    expect(reloads() - before).toBeLessThanOrEqual(5);
    expect(await bench.faults()).toEqual([]);
  });

  it("touches nothing when a mark changes nothing, and when it is run a second time", async () => {
    await bench.set(["sites", "s1", "own 1"], ["pools", "p1", "b"], ["hosts", "h1", "a"]);
    const before = bench.helper.calls.length;
    await bench.change(async (change) => change.intents.touch("sites", "s1"));
    expect(bench.helper.calls.length).toBe(before);
    expect(await bench.engine.run()).toEqual({ steps: [], failures: [] });
    expect((await bench.engine.plan(bench.storage.read, "all")).steps).toEqual([]);
    expect(reloads()).toBe(bench.helper.count("apply.commit"));
  });

  it("reads and writes as many statements with many units as with few", async () => {
    const reads = async (key: string) => {
      let count = 0;
      const { all } = bench.storage.read;
      Object.assign(bench.storage.read, {
        all: (...args: Parameters<typeof all>) => {
          count += 1;
          return all.apply(bench.storage.read, args);
        },
      });
      await bench.set(["sites", key, "x"]);
      await bench.engine.idle();
      Object.assign(bench.storage.read, { all });
      return count;
    };
    const few = await reads("first");
    await bench.change((change) =>
      put(
        change,
        Array.from({ length: 300 }, (_, i) => ["sites", `s${i}`, "x"] as const),
      ),
    );
    expect(await reads("last1")).toBeLessThanOrEqual(few + 2);
  });

  it("removes in the opposite order, and stops what nothing refers to any more", async () => {
    await bench.set(["hosts", "h1", "a"], ["pools", "p1", "b"], ["sites", "s1", "c"]);
    bench.helper.calls.length = 0;
    let poolsLeft = -1;
    bench.toy.world.during = () => {
      poolsLeft = bench.helper.disk("toy-pools").size;
    };
    await bench.set(["hosts", "h1", null], ["pools", "p1", null], ["sites", "s1", null]);
    expect(poolsLeft).toBe(1);
    const plugins = bench.helper.calls
      .filter((c) => c.op === "apply.stage")
      .map((c) => (c.input as { plugin: string }).plugin);
    expect(plugins).toEqual(["toy-sites", "toy-pools"]);
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(bench.helper.disk("toy-sites").has("lines/2.map")).toBe(false);
    expect(await bench.faults()).toEqual([]);
  });
});

describe("the base and the choice of a provider", () => {
  it("applies a changed base at the next start, and keeps the old one when it is refused", async () => {
    await bench.set(["sites", "s1", "a"]);
    bench.toy.options.base = "base 2";
    await bench.restart();
    await bench.engine.idle();
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("base 2\n");
    expect(await bench.faults()).toEqual([]);
    poison("base 3");
    bench.toy.options.base = "base 3";
    await bench.restart();
    await bench.engine.idle();
    expect(await bench.rows("blocked")).toMatchObject([{ slot: "sites", unit_key: "", kind: "invalid" }]);
    expect(await bench.set(["sites", "s2", "b"])).toEqual({ state: "done" });
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("base 2\n");
  });

  it("moves all units with one mark when another provider is chosen, or none", async () => {
    await bench.set(["sites", "s1", "own a"], ["sites", "s2", "b"], ["sites", "abc", "c"]);
    bench.toy.chosen = "two";
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("other s2"));
    const refused = bench.commit(async (change) => change.intents.touch("sites", "s1"));
    const result = await bench.engine.settled(await refused);
    expect(result.state).toBe("undone");
    bench.helper.refuses = () => false;
    expect(bench.helper.disk("toy-other").size).toBe(0);
    expect(bench.helper.disk("toy-sites").size).toBe(5);
    expect(await bench.change(async (change) => change.intents.touch("sites", "s1"))).toEqual({ state: "done" });
    expect(bench.helper.disk("toy-sites").size).toBe(5);
    expect([...bench.helper.disk("toy-other").keys()].sort()).toEqual([
      "generation.conf",
      "lines/2.map",
      "lines/3.map",
      "main.conf",
      "sites/s1.conf",
    ]);
    expect([...bench.helper.running.keys()]).toEqual(["toy-other:daemon"]);
    expect((await bench.faults()).filter((fault) => !fault.includes("blocked") && !fault.includes("dirty"))).toEqual(
      [],
    );
  });
});
