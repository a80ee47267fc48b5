/** Providers that serve side by side, and that are told what to do. */
import { ProviderError } from "@patchbay/sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assign, Bench } from "./testing/bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.create();
  await bench.engine.idle();
});
afterEach(() => bench.end());

const choose = (id: "near" | "far" | "none") => bench.choose("zones", id);
const move = (key: string, home: string | null) => bench.change((change) => assign(change, ["zones", key], home));
const near = () => bench.toy.zones.near;
const far = () => bench.toy.zones.far;
const callsOf = async (work: () => Promise<unknown>) => {
  near().calls.length = 0;
  far().calls.length = 0;
  await work();
  return { near: [...near().calls], far: [...far().calls] };
};

describe("a slot of which nobody was chosen", () => {
  it("keeps its units for nobody, quietly, and serves those that are assigned", async () => {
    expect(await bench.set(["zones", "z1", "a"], ["zones", "z2", "b"])).toEqual({ state: "done" });
    expect(near().calls).toEqual([]);
    expect(await move("z1", "far")).toEqual({ state: "done" });
    expect(far().hosts).toEqual(new Map([["z1", "a"]]));
    expect(await move("z1", null)).toEqual({ state: "done" });
    expect(far().hosts).toEqual(new Map());
    expect(await bench.set(["zones", "z2", null])).toEqual({ state: "done" });
    expect(bench.logged.filter(({ message }) => message === "nothing serves a slot")).toEqual([]);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("serves all of them when one is chosen", async () => {
    await bench.set(["zones", "z1", "a"], ["zones", "z2", "b"]);
    expect(await choose("near")).toEqual({ state: "done" });
    expect(near().hosts).toEqual(
      new Map([
        ["z1", "a"],
        ["z2", "b"],
      ]),
    );
    expect(bench.helper.disk("toy-near").get("zoned.conf")).toBe("zones\n");
    expect(bench.helper.running.has("toy-near:zoned")).toBe(true);
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });
});

describe("providers side by side", () => {
  beforeEach(async () => {
    await choose("near");
    await bench.set(["zones", "z1", "a"], ["zones", "z2", "b"]);
  });

  it("brings a unit that is assigned to another there first, then away, and back", async () => {
    expect(await callsOf(() => move("z1", "far"))).toEqual({ near: ["remove z1"], far: ["apply z1 a -"] });
    far().during = () => {
      far().during = () => {};
      throw new ProviderError("unavailable", "no answer");
    };
    const failed = await callsOf(async () => expect((await move("z2", "far")).state).toBe("undone"));
    expect(failed).toEqual({ near: [], far: ["apply z2 b -", "remove z2"] });
    expect(await callsOf(() => move("z1", null))).toEqual({ near: ["apply z1 a -"], far: ["remove z1"] });
    expect(await bench.faults()).toEqual([]);
  });

  it("calls nobody when a unit is assigned to who serves it already", async () => {
    expect(await callsOf(() => move("z1", "near"))).toEqual({ near: [], far: [] });
    expect(await callsOf(() => choose("far"))).toEqual({ near: [], far: ["apply z2 b -"] });
    expect(await bench.faults()).toEqual([]);
  });

  it("leaves the former with what it has when another is chosen, but for what is removed", async () => {
    expect(await callsOf(() => choose("far"))).toEqual({ near: [], far: ["apply z1 a -", "apply z2 b -"] });
    expect(bench.helper.running.has("toy-near:zoned")).toBe(true);
    expect(await callsOf(() => bench.set(["zones", "z1", "new"]))).toEqual({ near: [], far: ["apply z1 new a"] });
    expect(await callsOf(() => bench.set(["zones", "z1", null]))).toEqual({ near: ["remove z1"], far: ["remove z1"] });
    expect(near().hosts).toEqual(new Map([["z2", "b"]]));
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
    expect(await bench.engine.drift()).toEqual([]);
    await bench.set(["zones", "z2", null]);
    await bench.engine.idle();
    expect(bench.helper.running.has("toy-near:zoned")).toBe(false);
    expect(await bench.faults()).toEqual([]);
  });

  it("stays with the former when the new one cannot be told everything", async () => {
    far().during = (key) => {
      if (key === "z2") throw new ProviderError("conflict", "somebody else's");
    };
    expect(await choose("far")).toMatchObject({ state: "undone", failures: [{ key: "", issues: [{ field: "z2" }] }] });
    expect(await bench.rows("slot_fronts")).toContainEqual({ slot: "zones", plugin: "toy-near" });
    expect(bench.toy.zoneServer).toBe("near");
    expect(await bench.faults()).toEqual([]);
  });

  it("gives the base of an executing provider to its daemon before it is told anything", async () => {
    await choose("far");
    await bench.set(["zones", "z1", null], ["zones", "z2", null]);
    await bench.engine.idle();
    bench.helper.refuses = (tree) => tree.has("zoned.conf");
    await bench.set(["zones", "z3", "c"]);
    bench.helper.write("toy-near", "zoned.conf", null);
    near().calls.length = 0;
    expect(await move("z3", "near")).toMatchObject({ state: "undone", failures: [{ kind: "unavailable" }] });
    expect(near().calls).toEqual([]);
    bench.helper.refuses = () => false;
    expect(await move("z3", "near")).toEqual({ state: "done" });
    expect(near().hosts).toEqual(new Map([["z3", "c"]]));
  });

  it("shows what is not as it was told, as text", async () => {
    near().hosts.set("z1", "by hand");
    near().hosts.delete("z2");
    const found = await bench.engine.drift();
    expect(found.map(({ target, kind, diff }) => ({ target, kind, diff }))).toEqual([
      { target: "z1", kind: "changed", diff: "--- a/z1\n+++ b/z1\n@@ -1,1 +1,1 @@\n-a\n+by hand\n" },
      { target: "z2", kind: "missing", diff: "--- a/z2\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-b\n" },
    ]);
    for (const { id } of found) await bench.engine.resolve(id, "mend");
    expect(await bench.faults()).toEqual([]);
  });
});

describe("a candidate beside the chosen one", () => {
  beforeEach(async () => {
    await choose("far");
    await bench.set(["zones", "z1", "a"], ["zones", "z2", "b"]);
  });

  it("has everything before it is chosen, and is compared with what it was told", async () => {
    expect(await bench.engine.prepareCandidate("zones", "near", () => {})).toEqual([]);
    expect(await bench.engine.compareCandidate("zones", "near")).toEqual([]);
    near().hosts.set("z2", "another");
    expect(await bench.engine.compareCandidate("zones", "near")).toEqual(["z2"]);
    near().hosts.set("z2", "b");
    expect(await callsOf(() => choose("near"))).toEqual({ near: [], far: [] });
    await bench.engine.dropCandidate("zones");
    expect(await bench.faults()).toEqual([]);
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("sleeps when it is dropped, and forgets what went meanwhile when it is looked at again", async () => {
    await bench.engine.prepareCandidate("zones", "near", () => {});
    await bench.engine.dropCandidate("zones");
    expect(bench.helper.running.has("toy-near:zoned")).toBe(false);
    expect(await bench.set(["zones", "z1", null])).toEqual({ state: "done" });
    expect(near().hosts.has("z1")).toBe(true);
    expect(await callsOf(() => bench.engine.prepareCandidate("zones", "near", () => {}))).toEqual({
      near: ["remove z1"],
      far: [],
    });
    await choose("near");
    expect(await bench.faults()).toEqual([]);
  });
});
