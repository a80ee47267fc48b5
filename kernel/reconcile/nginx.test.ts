/** The engine with the real helper and real nginx. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchText } from "../host/testing/nginx.ts";
import { assign } from "./testing/bench.ts";
import { NginxBench, type Server } from "./testing/nginx-bench.ts";

let bench: NginxBench;
beforeAll(async () => {
  bench = await NginxBench.create();
});
afterAll(() => bench.end());

const set = (key: string, text: string | null) => bench.set(key, text);
const move = (key: string, home: Server | null) => bench.change((change) => assign(change, ["web", key], home));

describe("one nginx", () => {
  it("serves from every connection what the caller was told, also right after a reload", async () => {
    const answers = async () => new Set(await Promise.all(Array.from({ length: 40 }, () => bench.fetch("/one"))));
    for (let round = 0; round < 15; round += 1) {
      expect(await set("one", `round ${round}`)).toEqual({ state: "done" });
      expect(await answers()).toEqual(new Set([`round ${round}`]));
    }
    await set("one", null);
    expect([...(await answers())].filter((answer) => answer.startsWith("round"))).toEqual([]);
  });

  it("serves 100 sites that come at once with at most 5 reloads", async () => {
    const before = bench.activations.length;
    const results = await Promise.all(Array.from({ length: 100 }, (_, i) => set(`many-${i}`, `text ${i}`)));
    expect(results.every(({ state }) => state === "done")).toBe(true);
    expect(bench.activations.length - before).toBeLessThanOrEqual(5);
    expect(await bench.fetch("/many-99")).toBe("text 99");
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("keeps serving the others when one is refused by nginx", async () => {
    const results = await Promise.all([set("good", "fine"), set("bad", '"; nonsense'), set("better", "fine too")]);
    expect(results.map(({ state }) => state)).toEqual(["done", "undone", "done"]);
    expect(await bench.fetch("/good")).toBe("fine");
    expect(await bench.fetch("/better")).toBe("fine too");
    expect((await bench.engine.run()).steps).toEqual([]);
  });

  it("reports and mends a file that was changed by hand, and one that is extra", async () => {
    await set("hand", "made by us");
    const tree = join(bench.helper.hello.paths.etc, "web-test");
    writeFileSync(join(tree, "sites", "0.conf"), "# by hand\n");
    writeFileSync(join(tree, "sites", "extra.conf"), 'location = /extra { return 200 "by hand"; }\n');
    expect(await set("hand", "changed")).toMatchObject({ state: "undone", failures: [{ kind: "conflict" }] });
    await bench.engine.watchDrift();
    const found = await bench.engine.drift();
    expect(found).toMatchObject([
      { target: "sites/0.conf", kind: "changed" },
      { target: "sites/extra.conf", kind: "extra" },
    ]);
    for (const { id } of found) await bench.engine.resolve(id, "mend");
    expect(await bench.fetch("/hand")).toBe("made by us");
    expect(await bench.fetch("/extra")).toContain("404");
    expect(await bench.engine.drift()).toEqual([]);
  });
});

/** Asks for a page all the time. Resolves with wrong answers, and the longest time in milliseconds without a right one. */
function watch(path: string, wanted: string) {
  let isOver = false;
  const ask = async () => {
    const wrong = new Set<string>();
    let gapMs = 0;
    for (let last = performance.now(); !isOver; ) {
      const answer = await bench.fetch(path);
      const now = performance.now();
      gapMs = Math.max(gapMs, now - last);
      if (answer === wanted) last = now;
      else if (answer !== "") wrong.add(answer);
    }
    return { wrong: [...wrong], gapMs };
  };
  const asking = Promise.all(Array.from({ length: 4 }, ask));
  return async () => {
    isOver = true;
    const all = await asking;
    return { wrong: all.flatMap(({ wrong }) => wrong), gapMs: Math.max(...all.map(({ gapMs }) => gapMs)) };
  };
}

describe("two nginx", () => {
  it("serve a site that is assigned to the one at the side through the front", async () => {
    await set("aside", "over there");
    expect(await move("aside", "second")).toEqual({ state: "done" });
    expect(await bench.fetch("/aside")).toBe("over there");
    expect(await fetchText(bench.port + 801, "/aside")).toBe("over there");
    expect(await bench.fetch("/who")).toBe("web-test");
    expect(await set("aside", "changed there")).toEqual({ state: "done" });
    expect(await bench.fetch("/aside")).toBe("changed there");
    await move("aside", null);
    await bench.engine.idle();
    expect(await fetchText(bench.port + 801, "/aside")).toBe("");
  });

  it("hand the front over and back while a site is asked for all the time", async () => {
    await set("steady", "always");
    await set("stays", "here");
    await move("stays", "first");
    const stop = watch("/steady", "always");
    for (const server of ["second", "first", "second", "first"] as const) {
      expect(await bench.engine.prepareCandidate("web", server, () => {})).toEqual([]);
      expect(await bench.choose(server)).toEqual({ state: "done" });
      await bench.engine.dropCandidate("web");
      expect(await bench.fetch("/who")).toBe(server === "first" ? "web-test" : "web-other");
      expect(await bench.fetch("/stays")).toBe("here");
      expect((await bench.engine.run()).steps).toEqual([]);
    }
    const { gapMs, wrong } = await stop();
    expect(wrong).toEqual([]);
    expect(gapMs).toBeLessThan(1000);
  });

  it("change places back by themselves when a site does not come along", async () => {
    await set("left", "behind");
    await bench.engine.prepareCandidate("web", "second", () => {});
    bench.broken = "/left";
    const stop = watch("/steady", "always");
    const result = await bench.choose("second");
    bench.chosen = "first";
    await bench.engine.dropCandidate("web");
    const { gapMs, wrong } = await stop();
    expect(result).toMatchObject({ state: "undone", failures: [{ key: "", issues: [{ field: "left" }] }] });
    expect(wrong).toEqual([]);
    expect(gapMs).toBeLessThan(1000);
    expect(await bench.fetch("/who")).toBe("web-test");
    expect(await bench.fetch("/left")).toBe("behind");
    expect((await bench.engine.run()).steps).toEqual([]);
  });
});
