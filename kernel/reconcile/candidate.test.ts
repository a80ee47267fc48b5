/** A provider that is looked at beside the one that serves. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assign, Bench, put } from "./testing/bench.ts";
import { lines, staged } from "./testing/seen.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
  await bench.engine.idle();
  await bench.set(["sites", "s1", "own a"], ["sites", "s2", "b"], ["sites", "abc", "c"]);
});
afterEach(() => bench.end());

const choose = (id: "two") => bench.choose("sites", id);
const move = (key: string, home: string | null) => bench.change((change) => assign(change, ["sites", key], home));

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
    expect(lines(bench, "toy-other").join("")).toBe("other s1 own a;\nother s2 b;\nother abc c;\n");
    // Passes leave it alone; what they change waits for the hand-over, what they remove goes.
    await bench.set(["sites", "s2", "later"], ["sites", "abc", null]);
    expect(lines(bench, "toy-other").join("")).toBe("other s1 own a;\nother s2 b;\n");
    bench.helper.calls.length = 0;
    expect(await choose("two")).toEqual({ state: "done" });
    expect(staged(bench)).toEqual(["toy-other/main.conf", "toy-other/lines/2.map", "toy-other/generation.conf"]);
    await bench.engine.dropCandidate("sites");
    expect([...bench.helper.running.keys()]).toEqual(["toy-other:daemon"]);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("is told by which units it refuses, and has the others", async () => {
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("other s2"));
    const { failures } = await prepare();
    expect(failures).toMatchObject([{ slot: "sites", key: "s2", kind: "invalid" }]);
    expect(lines(bench, "toy-other").join("")).toBe("other s1 own a;\nother abc c;\n");
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
    expect(lines(bench, "toy-other")).not.toEqual([]);
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
