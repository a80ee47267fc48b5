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

describe("drift", () => {
  const shared = "lines/2.map";

  it("is told with a diff, and mended or adopted", async () => {
    bench.helper.write("toy-sites", shared, "plain s1 own c;\nby hand\n");
    bench.helper.write("toy-sites", "main.conf", "by hand\n");
    bench.helper.write("toy-sites", "sites/s1.conf", null);
    bench.helper.write("toy-sites", "generation.conf", "by hand\n");
    bench.helper.write("toy-pools", "pool.d/p1.conf", "by hand\n");
    bench.toy.world.hosts.set("h1", "by hand");
    const found = await bench.engine.drift();
    expect(found.map(({ slot, target, kind }) => `${slot} ${target} ${kind}`)).toEqual([
      "hosts h1 changed",
      "pools pool.d/p1.conf changed",
      "sites generation.conf changed",
      "sites lines/2.map changed",
      "sites main.conf changed",
      "sites sites/s1.conf missing",
    ]);
    expect(found[3]?.diff).toBe(
      "--- a/lines/2.map\n+++ b/lines/2.map\n@@ -1,2 +1,2 @@\n plain s1 own c;\n-plain s2 d;\n+by hand\n",
    );
    expect((await bench.engine.drift()).map(({ id }) => id)).toEqual(found.map(({ id }) => id));
    for (const { id } of found) await bench.engine.resolve(id, "mend");
    expect(await bench.engine.drift()).toEqual([]);
    expect(await bench.faults()).toEqual([]);
    await expect(bench.engine.resolve(found[0]?.id ?? "", "mend")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("that was adopted stays until its unit changes", async () => {
    bench.helper.write("toy-sites", "sites/s1.conf", "by hand\n");
    bench.helper.write("toy-pools", "pool.d/p1.conf", null);
    for (const { id } of await bench.engine.drift()) await bench.engine.resolve(id, "adopt");
    expect(await bench.engine.drift()).toEqual([]);
    expect(await bench.engine.run()).toEqual({ steps: [], failures: [] });
    expect(bench.helper.disk("toy-sites").get("sites/s1.conf")).toBe("by hand\n");
    await bench.set(["sites", "s2", "other"]);
    expect(bench.helper.disk("toy-sites").get("sites/s1.conf")).toBe("by hand\n");
    await bench.set(["sites", "s1", "own new"], ["pools", "p1", "new"]);
    expect(bench.helper.disk("toy-sites").get("sites/s1.conf")).toBe("own new\n");
    expect(bench.helper.disk("toy-pools").get("pool.d/p1.conf")).toBe("pool p1 new\n");
    expect(await bench.faults()).toEqual([]);
  });

  it("of the file that proves a reload does not stand in the way of a change", async () => {
    bench.helper.write("toy-sites", "generation.conf", "by hand\n");
    expect(await bench.set(["sites", "s2", "new"])).toEqual({ state: "done" });
    expect(await bench.faults()).toEqual([]);
  });

  it("is not mended by a version the daemon refuses", async () => {
    bench.helper.write("toy-sites", "main.conf", "by hand\n");
    bench.helper.refuses = (tree) => tree.get("main.conf") === "base 1\n";
    const [found] = await bench.engine.drift();
    await expect(bench.engine.resolve(found?.id ?? "", "mend")).rejects.toMatchObject({
      code: "DRIFT_NOT_MENDED",
      status: 409,
    });
    expect(bench.helper.disk("toy-sites").get("main.conf")).toBe("by hand\n");
  });
});

describe("files of another hand", () => {
  it("are found beside ours, and removed or accepted for good", async () => {
    bench.helper.write("toy-sites", "sites/extra.conf", "by hand\n");
    bench.helper.write("toy-sites", "local.d/mine.conf", "the admin's\n");
    const [found, ...more] = await bench.engine.drift();
    expect(more).toEqual([]);
    expect(found).toMatchObject({ slot: "sites", plugin: "toy-sites", target: "sites/extra.conf", kind: "extra" });
    expect(found?.diff).toBe("--- /dev/null\n+++ b/sites/extra.conf\n@@ -0,0 +1,1 @@\n+by hand\n");
    await bench.engine.resolve(found?.id ?? "", "mend");
    expect(bench.helper.disk("toy-sites").has("sites/extra.conf")).toBe(false);
    expect(bench.helper.disk("toy-sites").get("local.d/mine.conf")).toBe("the admin's\n");
    expect(bench.helper.count("apply.activate")).toBe(1);

    bench.helper.write("toy-sites", "sites/s3.conf", "by hand\n");
    for (const { id } of await bench.engine.drift()) await bench.engine.resolve(id, "adopt");
    expect(await bench.engine.drift()).toEqual([]);
    expect(await bench.engine.run()).toEqual({ steps: [], failures: [] });
    expect((await bench.set(["sites", "s3", "own c"])).state).toBe("undone");
    expect(bench.helper.disk("toy-sites").get("sites/s3.conf")).toBe("by hand\n");
    bench.helper.write("toy-sites", "sites/s3.conf", "again\n");
    expect(await bench.engine.drift()).toMatchObject([{ kind: "extra", target: "sites/s3.conf" }]);
    bench.helper.write("toy-sites", "sites/s3.conf", null);
    expect(await bench.engine.drift()).toEqual([]);
  });

  it("are not looked for where a provider sleeps", async () => {
    bench.toy.chosen = "two";
    await bench.change(async (change) => change.intents.touch("sites", ""));
    bench.helper.write("toy-sites", "sites/s1.conf", "by hand\n");
    bench.helper.write("toy-sites", "sites/extra.conf", "by hand\n");
    expect(await bench.engine.drift()).toEqual([]);
  });

  it("are noticed by the watch once, with the time", async () => {
    const noticed = () => bench.logged.filter(({ message }) => message === "something was changed by another hand");
    await bench.engine.watchDrift();
    expect(noticed()).toEqual([]);
    bench.helper.write("toy-sites", "main.conf", "by hand\n");
    const seen = bench.clock.now();
    await bench.engine.watchDrift();
    await bench.engine.watchDrift();
    expect(noticed()).toMatchObject([{ fields: { plugin: "toy-sites", target: "main.conf", kind: "changed" } }]);
    bench.clock.offset += 60_000;
    const [found] = await bench.engine.drift();
    expect(Math.abs(Date.parse(found?.since ?? "") - seen)).toBeLessThan(30_000);
    await bench.engine.resolve(found?.id ?? "", "mend");
    await bench.engine.watchDrift();
    bench.helper.write("toy-sites", "main.conf", "by hand\n");
    await bench.engine.watchDrift();
    expect(noticed()).toHaveLength(2);
  });
});

describe("a secret file", () => {
  const secret = "secret 4711";
  beforeEach(async () => void (await bench.set(["sites", "s3", secret])));
  const planOf = (text: string) =>
    bench.storage.change(
      async (change) => {
        await put(change, [["sites", "s3", text]]);
        return bench.engine.plan(change.read, change.marks);
      },
      { rollback: true },
    );

  it("is never shown, neither in a plan nor as drift, also when it goes", async () => {
    expect(bench.helper.disk("toy-sites").get("keys/s3.pem")).toBe(`${secret}\n`);
    for (const text of ["secret other", "plain"]) {
      const step = (await planOf(text)).steps.find(({ target }) => target === "keys/s3.pem");
      expect(step?.diff).toBe("--- a/keys/s3.pem\n+++ b/keys/s3.pem\n@@ the secret content differs @@\n");
    }
    bench.helper.write("toy-sites", "keys/s3.pem", "leaked\n");
    bench.helper.write("toy-sites", "keys/s3.pem.bak", `${secret}\n`);
    const found = await bench.engine.drift();
    expect(found.map(({ target, kind }) => `${target} ${kind}`)).toEqual([
      "keys/s3.pem changed",
      "keys/s3.pem.bak extra",
    ]);
    expect(JSON.stringify(found.map(({ diff }) => diff))).not.toMatch(/4711|leaked/);
    expect(
      bench.helper.calls.some(({ op, input }) => op === "tree.read" && JSON.stringify(input).includes("keys")),
    ).toBe(false);
    for (const { id } of found) await bench.engine.resolve(id, "mend");
    expect(await bench.faults()).toEqual([]);
  });
});
