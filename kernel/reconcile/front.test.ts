/** One provider at the front, another at the side, and what happens when they change places. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assign, Bench, put } from "./testing/bench.ts";
import type { StrictHelper } from "./testing/strict-helper.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
  await bench.engine.idle();
  await bench.set(["sites", "s1", "own a"], ["sites", "s2", "b"], ["sites", "abc", "c"]);
});
afterEach(() => bench.end());

type Result = ReturnType<Bench["change"]>;
const choose = (id: "one" | "two"): Result => bench.choose("sites", id);
const move = (key: string, home: string | null): Result =>
  bench.change((change) => assign(change, ["sites", key], home));
const lines = (plugin: string) =>
  [...bench.helper.disk(plugin)].filter(([path]) => path.startsWith("lines/")).map(([, text]) => text);
const staged = (helper: StrictHelper) =>
  helper.calls
    .filter((call) => call.op === "apply.stage")
    .flatMap((call) => {
      const { plugin, files } = call.input as { plugin: string; files: { path: string }[] };
      return files.map(({ path }) => `${plugin}/${path}`);
    });
const activations = () =>
  bench.helper.calls.flatMap(({ op, input }) => {
    if (op !== "apply.activate" && op !== "apply.commit") return [];
    const { reload = [], stop = [] } = input as { reload?: { plugin: string }[]; stop?: { plugin: string }[] };
    if (op === "apply.commit") return ["commit"];
    return [`reload ${reload.map((s) => s.plugin)} stop ${stop.map((s) => s.plugin)}`];
  });

describe("a unit that is assigned to another than the front", () => {
  it("is served at the side first, then relayed to, and goes back", async () => {
    bench.helper.calls.length = 0;
    expect(await move("s1", "two")).toEqual({ state: "done" });
    expect(activations()).toEqual(["reload toy-other stop ", "commit", "reload toy-sites stop ", "commit"]);
    expect(bench.helper.disk("toy-other").get("main.conf")).toBe("other base\nside 881\n");
    expect(lines("toy-other")).toEqual(["other s1 own a;\n"]);
    expect(lines("toy-sites").join("")).toContain("plain s1 via 881;\n");
    expect(bench.helper.disk("toy-sites").has("sites/s1.conf")).toBe(false);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);

    expect(await bench.set(["sites", "s1", "changed"])).toEqual({ state: "done" });
    expect(lines("toy-other")).toEqual(["other s1 changed;\n"]);

    bench.helper.calls.length = 0;
    expect(await move("s1", null)).toEqual({ state: "done" });
    // The front first, then what is left at the side; nobody needs its daemon any more.
    expect(activations()).toEqual(["reload toy-sites stop ", "commit", "reload toy-other stop ", "commit"]);
    await bench.engine.idle();
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(lines("toy-other")).toEqual([]);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("stays with the front when the side cannot serve it, and nothing of the side stays up", async () => {
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("other s2"));
    expect(await move("s2", "two")).toMatchObject({ state: "undone", failures: [{ key: "s2", kind: "invalid" }] });
    expect(lines("toy-sites").join("")).toContain("plain s2 b;");
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(await bench.faults()).toEqual([]);
  });

  it("cannot be served by a backend that is not installed or does not exist", async () => {
    bench.toy.absent.add("toy-other");
    for (const home of ["two", "three"])
      expect(await move("s1", home)).toMatchObject({ state: "undone", failures: [{ kind: "unavailable" }] });
    expect(await bench.faults()).toEqual([]);
  });

  it("is removed everywhere", async () => {
    await move("s1", "two");
    await bench.set(["sites", "s1", null]);
    expect(lines("toy-other")).toEqual([]);
    expect(lines("toy-sites").join("")).not.toContain("s1");
    await bench.engine.idle();
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(await bench.faults()).toEqual([]);
  });

  it("comes with a base that follows the settings, as the front's does", async () => {
    await move("s1", "one");
    await move("s2", "two");
    bench.toy.options.base = "base 2";
    await bench.change(async (change) => change.intents.touch("sites", ""));
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("base 2\n");
    expect(await choose("two")).toEqual({ state: "done" });
    bench.toy.options.base = "base 3";
    await bench.change(async (change) => change.intents.touch("sites", ""));
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("base 3\nside 880\n");
    expect(await bench.faults()).toEqual([]);
  });
});

describe("handing the front over", () => {
  it("lets the new one load, then the old one go, and keeps what the old one has", async () => {
    bench.helper.calls.length = 0;
    expect(await choose("two")).toEqual({ state: "done" });
    expect(activations()).toEqual(["reload toy-other stop ", "reload  stop toy-sites", "commit"]);
    expect([...bench.helper.running.keys()]).toEqual(["toy-other:daemon"]);
    expect(lines("toy-sites").join("")).toContain("plain s2 b;");
    expect(await bench.rows("slot_fronts")).toContainEqual({ slot: "sites", plugin: "toy-other" });
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("writes on the way back only what changed meanwhile, also by another hand", async () => {
    await choose("two");
    await bench.set(["sites", "s2", "new"], ["sites", "abc", null], ["sites", "abcd", "more"]);
    expect(lines("toy-sites").join("")).not.toContain("abc");
    bench.helper.write("toy-sites", "sites/s1.conf", "by hand\n");
    bench.helper.calls.length = 0;
    expect(await choose("one")).toEqual({ state: "done" });
    expect(staged(bench.helper).sort()).toEqual([
      "toy-sites/generation.conf",
      "toy-sites/lines/0.map",
      "toy-sites/lines/2.map",
      "toy-sites/sites/s1.conf",
    ]);
    expect(bench.helper.disk("toy-sites").get("sites/s1.conf")).toBe("own a\n");
    expect(await bench.faults()).toEqual([]);
  });

  it("leaves the old one at the side for the units that are assigned to it", async () => {
    await move("s1", "one");
    bench.helper.calls.length = 0;
    expect(await choose("two")).toEqual({ state: "done" });
    expect(activations()).toEqual(["reload toy-other stop ", "reload toy-sites stop ", "commit"]);
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("base 1\nside 880\n");
    expect(lines("toy-other").join("")).toContain("other s1 via 880;");
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
    bench.helper.calls.length = 0;
    expect(await choose("one")).toEqual({ state: "done" });
    expect(activations()).toEqual(["reload toy-sites stop ", "reload  stop toy-other", "commit"]);
    expect(await bench.faults()).toEqual([]);
  });

  it("is all or nothing, and names the unit that stands in the way", async () => {
    await bench.set(["sites", "s2", "lossy"]);
    bench.deaf.add("s2.test");
    const before = bench.helper.disk("toy-sites");
    bench.helper.calls.length = 0;
    expect(await choose("two")).toMatchObject({
      state: "undone",
      failures: [{ key: "", kind: "invalid", issues: [{ field: "s2" }] }],
    });
    // Who had the front comes back before the other one goes.
    expect(activations().slice(0, 3)).toEqual([
      "reload toy-other stop ",
      "reload  stop toy-sites",
      "reload toy-sites stop ",
    ]);
    bench.deaf.clear();
    expect(bench.toy.chosen).toBe("one");
    expect(bench.helper.disk("toy-sites")).toEqual(before);
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(await bench.faults()).toEqual([]);
  });

  it("is refused when the new one cannot express a unit, before anything is touched", async () => {
    await bench.storage.change(async (change) => {
      await change.db("things").insert({ slot: "sites", key: "s9", text: "unsupported" });
    });
    bench.helper.calls.length = 0;
    expect(await choose("two")).toMatchObject({
      state: "undone",
      failures: [{ key: "", kind: "unsupported", issues: [{ field: "s9" }] }],
    });
    expect(activations()).toEqual([]);
  });
});

describe("handing over between daemons that cannot share a port", () => {
  beforeEach(async () => {
    await bench.end();
    bench = await Bench.create({ sharesPorts: false });
    await bench.engine.idle();
    await bench.set(["sites", "s1", "own a"], ["sites", "s2", "b"]);
    bench.helper.calls.length = 0;
  });

  it("stops the old one first", async () => {
    expect(await choose("two")).toEqual({ state: "done" });
    expect(activations()).toEqual(["reload toy-other stop toy-sites", "commit"]);
    expect(await bench.faults()).toEqual([]);
  });

  it("puts the old one to the side first when units stay with it", async () => {
    await move("s1", "one");
    bench.helper.calls.length = 0;
    expect(await choose("two")).toEqual({ state: "done" });
    expect(activations()).toEqual(["reload toy-sites stop ", "reload toy-other stop ", "commit"]);
    expect(await bench.faults()).toEqual([]);
  });
});

describe("a candidate", () => {
  const prepare = () => {
    const shares: number[] = [];
    return bench.engine
      .prepareCandidate("sites", "two", (share) => shares.push(share))
      .then((failures) => {
        return { failures, shares };
      });
  };

  it("stands at the side with every unit while the front serves, and takes over with its base alone", async () => {
    expect(await prepare()).toEqual({ failures: [], shares: [0, 1, 1] });
    expect(bench.helper.disk("toy-other").get("main.conf")).toBe("other base\nside 881\n");
    expect(lines("toy-other").join("")).toBe("other s1 own a;\nother s2 b;\nother abc c;\n");
    // Passes leave it alone; what they change waits for the hand-over, what they remove goes.
    await bench.set(["sites", "s2", "later"], ["sites", "abc", null]);
    expect(lines("toy-other").join("")).toBe("other s1 own a;\nother s2 b;\n");
    bench.helper.calls.length = 0;
    expect(await choose("two")).toEqual({ state: "done" });
    expect(staged(bench.helper)).toEqual(["toy-other/main.conf", "toy-other/lines/2.map", "toy-other/generation.conf"]);
    await bench.engine.dropCandidate("sites");
    expect([...bench.helper.running.keys()]).toEqual(["toy-other:daemon"]);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("is told by which units it refuses, and has the others", async () => {
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("other s2"));
    const { failures } = await prepare();
    expect(failures).toMatchObject([{ slot: "sites", key: "s2", kind: "invalid" }]);
    expect(lines("toy-other").join("")).toBe("other s1 own a;\nother abc c;\n");
  });

  it("that cannot come up fails with its base", async () => {
    bench.helper.refuses = (tree) => tree.get("main.conf")?.startsWith("other") === true;
    expect((await prepare()).failures).toMatchObject([{ key: "", kind: "invalid" }]);
    expect(bench.helper.disk("toy-other").size).toBe(0);
  });

  it("goes to sleep when it is dropped, and when the panel starts again", async () => {
    await prepare();
    await bench.engine.dropCandidate("sites");
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(lines("toy-other")).not.toEqual([]);
    expect(await bench.faults()).toEqual([]);
    await prepare();
    expect(bench.helper.running.size).toBe(2);
    await bench.restart();
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    await bench.engine.idle();
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("stays when units are assigned to it", async () => {
    await move("s1", "two");
    await prepare();
    await bench.engine.dropCandidate("sites");
    expect([...bench.helper.running.keys()].sort()).toEqual(["toy-other:daemon", "toy-sites:daemon"]);
    expect(await bench.faults()).toEqual([]);
  });

  it("is audited unit by unit", async () => {
    await bench.set(["sites", "s2", "lossy"], ["sites", "s3", "x"]);
    await bench.storage.change(async (change) => {
      await change.db("things").insert({ slot: "sites", key: "s9", text: "unsupported" });
    });
    await move("s3", "one");
    expect(await bench.engine.auditCandidate("sites", "two", bench.storage.read)).toEqual({
      units: 4,
      refused: [{ unit: "s9", field: "text", message: "cannot be said" }],
      lost: [{ unit: "s2", field: "text", message: "loses its colour" }],
    });
    bench.toy.absent.add("toy-other");
    await expect(bench.engine.auditCandidate("sites", "two", bench.storage.read)).rejects.toMatchObject({
      code: "BACKEND_NOT_INSTALLED",
    });
  });

  it("takes more units than a page holds", async () => {
    const many = Array.from({ length: 1100 }, (_, i) => `unit-${i}`);
    await bench.change((change) =>
      put(
        change,
        many.map((key) => ["sites", key, "x"] as const),
      ),
    );
    const { failures, shares } = await prepare();
    expect(failures).toEqual([]);
    expect(shares).toEqual([0, 500 / 1103, 1000 / 1103, 1, 1]);
    expect(await choose("two")).toEqual({ state: "done" });
    expect(await bench.faults()).toEqual([]);
  });
});
