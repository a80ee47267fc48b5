import { type AppliedConfig, configApplied, configRendered, PanelError, type RenderedConfig } from "@patchbay/sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Bench } from "./testing/bench.ts";

type Thing = [slot: string, key: string, text: string | null];

let bench: Bench;
let asked: RenderedConfig[];
let told: AppliedConfig[];
/** Throws when a unit shall be refused. */
let judge: (config: RenderedConfig) => void;

beforeEach(async () => {
  bench = await Bench.create();
  asked = [];
  told = [];
  judge = () => {};
  bench.config = {
    has: (hookId) => [configRendered.id, configApplied.id].includes(hookId),
    veto: async (_hook, payload) => {
      asked.push(payload as RenderedConfig);
      judge(payload as RenderedConfig);
    },
    emit: async (_db, _hook, payload) => void told.push(payload as AppliedConfig),
  };
  await bench.engine.idle();
  await bench.restart();
  await bench.engine.idle();
});
afterEach(() => bench.end());

const denied = new PanelError("POLICY", { status: 403, message: "Not on this server." });
const failed = new PanelError("HOOK_FAILED", { status: 503, message: "a tap failed" });
const refuse = (unit: string, error: Error) => (config: RenderedConfig) => {
  if (config.unit === unit) throw error;
};

describe("config.rendered", () => {
  it("shows each unit that differs before anything is written, once, and no secret", async () => {
    let written: number | undefined;
    judge = () => {
      written ??= bench.helper.count("apply.stage");
    };
    const before = bench.helper.count("apply.stage");
    await bench.set(["sites", "s1", "own 1"], ["sites", "s2", "secret 2"], ["hosts", "h1", "a"]);
    expect(written).toBe(before);
    expect(asked).toEqual([
      {
        slot: "sites",
        unit: "s1",
        plugin: "toy-sites",
        exists: false,
        files: [{ path: "sites/s1.conf", content: expect.stringContaining("own 1") }],
        lines: [{ file: "lines/2.map", line: "plain s1 own 1;" }],
      },
      {
        slot: "sites",
        unit: "s2",
        plugin: "toy-sites",
        exists: false,
        files: [{ path: "keys/s2.pem", content: null }],
        lines: [{ file: "lines/2.map", line: "plain s2 secret 2;" }],
      },
    ]);
    asked.length = 0;
    await bench.set(["sites", "s1", null], ["sites", "s2", "secret 3"]);
    expect(asked.map(({ unit, exists }) => [unit, exists])).toEqual([["s2", true]]);
  });

  it("takes back the change whose unit is refused, with the reason, and no other", async () => {
    judge = refuse("bad", denied);
    const [good, bad] = await Promise.all([bench.set(["sites", "good", "1"]), bench.set(["sites", "bad", "1"])]);
    expect(good.state).toBe("done");
    const issues = [{ field: "config.rendered", message: "POLICY: Not on this server." }];
    expect(bad).toMatchObject({ state: "undone", failures: [{ key: "bad", kind: "invalid", issues }] });
    expect(await bench.desired()).toEqual({ "sites/good": "1" });
    expect(await bench.faults()).toEqual([]);
  });

  it("refuses too when a tap fails, but worth another try", async () => {
    judge = refuse("s1", failed);
    expect(await bench.set(["sites", "s1", "1"])).toMatchObject({
      state: "undone",
      failures: [{ key: "s1", kind: "unavailable", issues: [] }],
    });
  });

  it("does not stand in the way of what is taken back or removed", async () => {
    await bench.set(["sites", "s1", "old"], ["sites", "s22", "1"]);
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("poison"));
    judge = (config) => {
      if (config.lines.some(({ line }) => line.includes("old"))) throw denied;
    };
    // The first unit is live before the second is refused, so that it has to come back.
    expect(await bench.set(["sites", "s1", "new"], ["sites", "s22", "poison"])).toMatchObject({ state: "undone" });
    expect(bench.helper.disk("toy-sites").get("lines/2.map")).toBe("plain s1 old;\n");
    expect(await bench.rows("blocked")).toEqual([]);
    judge = refuse("s1", denied);
    expect(await bench.set(["sites", "s1", null])).toEqual({ state: "done" });
    expect(await bench.faults()).toEqual([]);
  });

  it("is asked in a plan, which changes nothing and tells nobody", async () => {
    judge = refuse("s1", denied);
    const id = bench.ids.uuid();
    let warnings: readonly string[] = [];
    await bench.storage.change(
      async (change) => {
        await change.intents.insert("things", { slot: "sites", key: "s1", text: "1" });
        ({ warnings } = await bench.engine.plan(change.read, [{ slot: "sites", key: "s1" }]));
      },
      { id, rollback: true },
    );
    expect(warnings).toEqual([expect.stringContaining("config.rendered: POLICY: Not on this server.")]);
    expect(told).toEqual([]);
  });

  it("keeps the front where it is when one unit is refused by it", async () => {
    await bench.set(["sites", "s1", "1"], ["sites", "s2", "1"]);
    judge = (config) => {
      if (config.plugin === "toy-other" && config.unit === "s2") throw denied;
    };
    expect(await bench.choose("sites", "two")).toMatchObject({ state: "undone" });
    expect([...bench.helper.running.keys()]).toEqual(["toy-sites:daemon"]);
    expect(await bench.faults()).toEqual([]);
    judge = () => {};
    expect(await bench.choose("sites", "two")).toEqual({ state: "done" });
  });
});

describe("config.applied", () => {
  it("tells what was written, once, and nothing when nothing was", async () => {
    await bench.set(["sites", "s1", "secret 1"]);
    expect(told).toEqual([
      {
        slot: "sites",
        plugin: "toy-sites",
        units: ["s1"],
        unitCount: 1,
        files: [
          { path: "keys/s1.pem", action: "write" },
          { path: "lines/2.map", action: "write" },
        ],
        fileCount: 2,
        services: ["daemon"],
      },
    ]);
    expect(JSON.stringify(told)).not.toContain("secret 1");
    told.length = 0;
    await bench.change(async (change) => change.intents.touch("sites", "s1"));
    expect(told).toEqual([]);
    await bench.set(["sites", "s1", null]);
    expect(told).toMatchObject([{ units: ["s1"], files: [{ action: "remove" }, { action: "remove" }] }]);
  });

  it("is not told of what the daemon refused", async () => {
    bench.helper.refuses = (tree) => [...tree.values()].some((text) => text.includes("poison"));
    expect(await bench.set(["sites", "s1", "poison"])).toMatchObject({ state: "undone" });
    expect(told).toEqual([]);
  });

  it("is told of a thousand files with a bounded list and the whole count", async () => {
    await bench.set(...Array.from({ length: 300 }, (_, at): Thing => ["sites", `site${at}`, `own ${at}`]));
    const [first] = told;
    expect([first?.units.length, first?.files.length]).toEqual([200, 200]);
    expect(first?.unitCount).toBe(300);
    expect(first?.fileCount).toBeGreaterThanOrEqual(300);
  });
});
