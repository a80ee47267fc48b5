import { ProviderError } from "@patchbay/sdk";
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
const failures = (result: Awaited<ReturnType<Bench["set"]>>) => ("failures" in result ? result.failures : []);

describe("what cannot be applied", () => {
  it("is found by halving, while the rest goes live", async () => {
    await bench.set(["sites", "s0", "fine"]);
    poison("POISON");
    const texts = Array.from({ length: 40 }, (_, i) => (i === 7 || i === 30 ? "POISON" : `ok${i}`));
    const results = await Promise.all(texts.map((text, i) => bench.set(["sites", `n${i}`, text])));
    expect(results.flatMap((result, i) => (result.state === "done" ? [] : [i]))).toEqual([7, 30]);
    expect(failures(results[7] as never)).toEqual([
      {
        slot: "sites",
        key: "n7",
        kind: "invalid",
        message: "sites: the backend in use refuses this configuration",
        issues: [],
      },
    ]);
    expect(Object.keys(await bench.desired())).toHaveLength(39);
    expect(bench.helper.count("apply.test")).toBeLessThan(40);
    expect(await bench.faults()).toEqual([]);
    expect(JSON.stringify(results)).not.toContain("secret");
  });

  it("takes a change back in every slot it had reached", async () => {
    await bench.set(["hosts", "h1", "old"], ["pools", "p1", "old"], ["sites", "s1", "old"]);
    poison("POISON");
    const result = await bench.set(
      ["hosts", "h1", "new"],
      ["pools", "p1", "new"],
      ["sites", "s1", "POISON"],
      ["hosts", "h2", "new"],
    );
    expect(result.state).toBe("undone");
    expect(await bench.desired()).toEqual({ "hosts/h1": "old", "pools/p1": "old", "sites/s1": "old" });
    expect(bench.helper.disk("toy-pools").get("pool.d/p1.conf")).toBe("pool p1 old\n");
    expect(await bench.faults()).toEqual([]);
  });

  it("does not begin with slots that come after one where the change failed", async () => {
    bench.toy.world.during = () => {
      throw new ProviderError("unavailable", "not now");
    };
    const result = await bench.set(["hosts", "h1", "a"], ["sites", "s1", "b"]);
    bench.toy.world.during = () => {};
    expect(failures(result)[0]).toMatchObject({ slot: "hosts", key: "h1", kind: "unavailable" });
    expect(bench.helper.calls.some((c) => JSON.stringify(c.input).includes("s1"))).toBe(false);
  });

  it("has a call that failed half way made good, also for a unit that is new", async () => {
    await bench.set(["hosts", "h1", "old"]);
    let failing = 2;
    bench.toy.world.during = () => {
      failing -= 1;
      if (failing >= 0) throw new ProviderError("terminal", "broke");
    };
    expect((await bench.set(["hosts", "h1", "new"], ["hosts", "h2", "new"])).state).toBe("undone");
    expect(bench.toy.world.hosts).toEqual(new Map([["h1", "old"]]));
    expect(bench.toy.world.calls).toContain("apply h1 old old");
    expect(bench.toy.world.calls).toContain("remove h2");
    expect(await bench.faults()).toEqual([]);
  });

  it("undoes both changes of a unit that they share, the newest first", async () => {
    await bench.set(["sites", "s1", "old"]);
    poison("POISON");
    // Without waking the engine, so that both are in one batch.
    const ids = [bench.ids.uuid(), bench.ids.uuid()] as const;
    await bench.storage.change((change) => put(change, [["sites", "s1", "first"]]), { id: ids[0] });
    await bench.storage.change((change) => put(change, [["sites", "s1", "POISON"]]), { id: ids[1] });
    bench.engine.wake();
    const results = await Promise.all(ids.map((id) => bench.engine.settled(id)));
    expect(results.map((result) => result.state)).toEqual(["undone", "undone"]);
    expect(await bench.desired()).toEqual({ "sites/s1": "old" });
    expect(await bench.faults()).toEqual([]);
  });

  it("takes later changes back that hang on the rows of one that failed", async () => {
    poison("POISON");
    const hold = bench.commit((change) => put(change, [["sites", "s1", "POISON"]]));
    const later = bench.commit(async (change) => {
      const row = await change.read.get<{ id: number }>("select id from things where key = 's1'");
      await change.intents.insert("parts", { thing_id: row?.id ?? 0 });
      await put(change, [["sites", "s2", "fine"]]);
    });
    const results = await Promise.all([bench.engine.settled(await hold), bench.engine.settled(await later)]);
    expect(results.map((result) => result.state)).toEqual(["undone", "undone"]);
    expect(await bench.desired()).toEqual({});
    expect(await bench.rows("parts")).toEqual([]);
    expect(await bench.faults()).toEqual([]);
  });

  it.each(["apply.stage", "apply.swap", "apply.activate", "apply.commit"] as const)(
    "is undone when %s is unavailable",
    async (op) => {
      await bench.set(["sites", "s1", "old"]);
      let left = 1;
      bench.helper.before = (called) => {
        if (called !== op || left === 0) return;
        left -= 1;
        throw new ProviderError("unavailable", "the disk is full");
      };
      const result = await bench.set(["sites", "s1", "new"]);
      expect(failures(result)[0]?.kind).toBe("unavailable");
      expect(await bench.desired()).toEqual({ "sites/s1": "old" });
      expect(bench.helper.disk("toy-sites").get("lines/2.map")).toBe("plain s1 old;\n");
      expect(await bench.faults()).toEqual([]);
    },
  );

  it("looks at the files when neither commit nor rollback answered", async () => {
    await bench.set(["sites", "s1", "old"]);
    let left = 2;
    bench.helper.before = (called) => {
      if ((called !== "apply.commit" && called !== "apply.rollback") || left === 0) return;
      left -= 1;
      throw new ProviderError("unavailable", "no answer");
    };
    expect((await bench.set(["sites", "s1", "new"])).state).toBe("undone");
    expect(await bench.set(["sites", "s1", "newer"])).toEqual({ state: "done" });
    expect(await bench.faults()).toEqual([]);
  });

  it("tells units whose probe does not hold from those that are live", async () => {
    bench.deaf.add("s2.test");
    const results = await Promise.all([
      bench.set(["sites", "s1", "a"]),
      bench.set(["sites", "s2", "b"]),
      bench.set(["sites", "s3", "c"]),
    ]);
    expect(results.map((result) => result.state)).toEqual(["done", "undone", "done"]);
    expect(await bench.faults()).toEqual([]);
  });

  it("rolls back when the daemon keeps its old configuration although its test passed", async () => {
    bench.deaf.add("generation.test");
    const result = await bench.set(["sites", "s1", "a"]);
    expect(failures(result)[0]?.kind).toBe("invalid");
    bench.deaf.clear();
    expect(await bench.faults()).toEqual([]);
  });

  it("refuses what the provider cannot express, what throws, and lines of another unit", async () => {
    await bench.set(["sites", "s1", "a"]);
    const unsupported = await bench.set(["sites", "s2", "unsupported"]);
    expect(failures(unsupported)[0]).toMatchObject({
      kind: "unsupported",
      issues: [{ field: "text", message: "cannot be said" }],
    });
    expect(failures(await bench.set(["sites", "s3", "throws"]))[0]?.kind).toBe("terminal");
    expect(failures(await bench.set(["sites", "s4", "thief"]))[0]?.kind).toBe("invalid");
    expect(bench.helper.disk("toy-sites").get("lines/2.map")).toBe("plain s1 a;\n");
    expect(await bench.faults()).toEqual([]);
  });

  it("refuses marks of a slot that nothing serves, and of one that does not exist", async () => {
    bench.toy.absent.add("toy-sites");
    expect(failures(await bench.set(["sites", "s1", "a"]))[0]?.kind).toBe("unavailable");
    bench.toy.absent.clear();
    expect(failures(await bench.set(["nowhere", "x", "a"]))[0]?.kind).toBe("terminal");
    expect(await bench.faults()).toEqual([]);
  });

  it("reports a file that was changed by hand for the units in it alone", async () => {
    await bench.set(["sites", "s1", "a"], ["sites", "abc", "b"]);
    bench.helper.write("toy-sites", "lines/2.map", "by hand\n");
    const results = await Promise.all([bench.set(["sites", "s1", "x"]), bench.set(["sites", "abc", "y"])]);
    expect(results[1]).toEqual({ state: "done" });
    expect(failures(results[0])[0]).toMatchObject({
      kind: "conflict",
      message: "A configuration file of sites was changed by hand; see reconcile/drift",
    });
    expect(bench.helper.disk("toy-sites").get("lines/2.map")).toBe("by hand\n");
  });

  it("settles a change as undone when its units cannot be brought back, and tries again later", async () => {
    await bench.set(["hosts", "h1", "old"]);
    let broken = true;
    bench.toy.world.during = () => {
      if (broken) throw new ProviderError("unavailable", "gone");
    };
    expect((await bench.set(["hosts", "h1", "new"])).state).toBe("undone");
    expect(await bench.desired()).toEqual({ "hosts/h1": "old" });
    expect(await bench.rows("blocked")).toMatchObject([
      { slot: "hosts", unit_key: "h1", kind: "unavailable", attempts: 1 },
    ]);
    broken = false;
    bench.clock.offset += 2000;
    await bench.engine.idle();
    expect(bench.toy.world.hosts.get("h1")).toBe("old");
    expect(await bench.faults()).toEqual([]);
  });
});
