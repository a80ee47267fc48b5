/** One provider at the front, another at the side, and what happens when they change places. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pageSize } from "./all-keys.ts";
import { assign, Bench } from "./testing/bench.ts";
import { activations, lines, staged } from "./testing/seen.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
  await bench.engine.idle();
  await bench.set(["sites", "s1", "own a"], ["sites", "s2", "b"], ["sites", "abc", "c"]);
});
afterEach(() => bench.end());

const choose = (id: "one" | "two" | "none") => bench.choose("sites", id);
const move = (key: string, home: string | null) => bench.change((change) => assign(change, ["sites", key], home));

describe("a unit that is assigned to another than the front", () => {
  it("is served at the side first, then relayed to, and goes back", async () => {
    bench.helper.calls.length = 0;
    expect(await move("s1", "two")).toEqual({ state: "done" });
    expect(activations(bench)).toEqual(["reload toy-other stop ", "commit", "reload toy-sites stop ", "commit"]);
    expect(bench.helper.disk("toy-other").get("main.conf")).toBe("other base\nside 881\n");
    expect(lines(bench, "toy-other")).toEqual(["other s1 own a;\n"]);
    expect(lines(bench, "toy-sites").join("")).toContain("plain s1 via 881;\n");
    expect(bench.helper.disk("toy-sites").has("sites/s1.conf")).toBe(false);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);

    expect(await bench.set(["sites", "s1", "changed"])).toEqual({ state: "done" });
    expect(lines(bench, "toy-other")).toEqual(["other s1 changed;\n"]);

    bench.helper.calls.length = 0;
    expect(await move("s1", null)).toEqual({ state: "done" });
    // The front first, then what is left at the side; nobody needs its daemon any more.
    expect(activations(bench)).toEqual(["reload toy-sites stop ", "commit", "reload toy-other stop ", "commit"]);
    await bench.engine.idle();
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(lines(bench, "toy-other")).toEqual([]);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("stays with the front when the side cannot serve it, and nothing of the side stays up", async () => {
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("other s2"));
    expect(await move("s2", "two")).toMatchObject({ state: "undone", failures: [{ key: "s2", kind: "invalid" }] });
    expect(lines(bench, "toy-sites").join("")).toContain("plain s2 b;");
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
    expect(lines(bench, "toy-other")).toEqual([]);
    expect(lines(bench, "toy-sites").join("")).not.toContain("s1");
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
    expect(activations(bench)).toEqual(["reload toy-other stop ", "reload  stop toy-sites", "commit"]);
    expect([...bench.helper.running.keys()]).toEqual(["toy-other:daemon"]);
    expect(lines(bench, "toy-sites").join("")).toContain("plain s2 b;");
    expect(await bench.rows("slot_fronts")).toContainEqual({ slot: "sites", plugin: "toy-other" });
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("writes on the way back only what changed meanwhile, also by another hand", async () => {
    await choose("two");
    await bench.set(["sites", "s2", "new"], ["sites", "abc", null], ["sites", "abcd", "more"]);
    expect(lines(bench, "toy-sites").join("")).not.toContain("abc");
    bench.helper.write("toy-sites", "sites/s1.conf", "by hand\n");
    bench.helper.calls.length = 0;
    expect(await choose("one")).toEqual({ state: "done" });
    expect([...staged(bench)].sort()).toEqual([
      "toy-sites/generation.conf",
      "toy-sites/lines/0.map",
      "toy-sites/lines/2.map",
      "toy-sites/sites/s1.conf",
    ]);
    expect(bench.helper.disk("toy-sites").get("sites/s1.conf")).toBe("own a\n");
    expect(await bench.faults()).toEqual([]);
  });

  it("leaves the old one at the side also for a unit that is not among the first that are read", async () => {
    const many = Array.from({ length: pageSize + 1 }, (_, at): [string, string, string] => ["sites", `a${at}`, "x"]);
    await bench.set(...many);
    await move("s2", "one");
    expect(await choose("two")).toEqual({ state: "done" });
    expect([...bench.helper.running.keys()].sort()).toEqual(["toy-other:daemon", "toy-sites:daemon"]);
    expect(lines(bench, "toy-other").join("")).toContain("other s2 via 880;");
    expect(await bench.faults()).toEqual([]);
  });

  it("leaves the old one at the side for the units that are assigned to it", async () => {
    await move("s1", "one");
    bench.helper.calls.length = 0;
    expect(await choose("two")).toEqual({ state: "done" });
    expect(activations(bench)).toEqual(["reload toy-other stop ", "reload toy-sites stop ", "commit"]);
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("base 1\nside 880\n");
    expect(lines(bench, "toy-other").join("")).toContain("other s1 via 880;");
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
    bench.helper.calls.length = 0;
    expect(await choose("one")).toEqual({ state: "done" });
    expect(activations(bench)).toEqual(["reload toy-sites stop ", "reload  stop toy-other", "commit"]);
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
    expect(activations(bench).slice(0, 3)).toEqual([
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
    expect(activations(bench)).toEqual([]);
  });
});

describe("a provider that sleeps", () => {
  beforeEach(async () => void (await choose("two")));

  it("is not woken with the base it had at the front", async () => {
    await bench.storage.change(async (change) => {
      const failure = {
        kind: "invalid",
        message: "",
        issues: "[]",
        since: 0,
        attempts: 1,
        retry_at: Date.now() + 600_000,
      };
      await change.db("blocked").insert({ slot: "sites", unit_key: "", ...failure });
    });
    expect(await move("s1", "one")).toEqual({ state: "done" });
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("base 1\nside 880\n");
  });

  it("sleeps on when its base is refused", async () => {
    bench.helper.refuses = (tree) => tree.get("main.conf")?.includes("side 880") === true;
    bench.helper.calls.length = 0;
    expect(await move("s1", "one")).toMatchObject({ state: "undone", failures: [{ kind: "invalid" }] });
    expect(activations(bench)).toEqual([]);
    expect([...bench.helper.running.keys()]).toEqual(["toy-other:daemon"]);
  });

  it("is nobody's concern when nobody is to serve", async () => {
    bench.helper.calls.length = 0;
    expect(await choose("none")).toEqual({ state: "done" });
    await bench.engine.idle();
    expect(staged(bench)).toEqual([]);
    expect([...bench.helper.running.keys()]).toEqual([]);
    expect(await bench.set(["sites", "s4", "kept"], ["sites", "abc", null])).toEqual({ state: "done" });
    expect(await choose("one")).toEqual({ state: "done" });
    expect(lines(bench, "toy-sites").join("")).toBe("plain s1 own a;\nplain s2 b;\nplain s4 kept;\n");
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
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
    expect(activations(bench)).toEqual(["reload toy-other stop toy-sites", "commit"]);
    expect(await bench.faults()).toEqual([]);
  });

  it("ends the old one first, and starts it at the side when units stay with it", async () => {
    await move("s1", "one");
    bench.helper.calls.length = 0;
    expect(await choose("two")).toEqual({ state: "done" });
    expect(activations(bench)).toEqual([
      "reload  stop toy-sites",
      "reload toy-other stop ",
      "reload toy-sites stop ",
      "commit",
    ]);
    expect(await bench.faults()).toEqual([]);
  });
});
