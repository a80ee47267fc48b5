import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineHook } from "@patchbay/sdk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createHookTable } from "../hooks/hook-table.ts";
import type { RegisteredTap } from "../hooks/order.ts";
import { createIds } from "../storage/ids.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { createJobs, type Jobs } from "./jobs.ts";
import { jobMigrations } from "./migrations.ts";
import { loadNextRun } from "./next-run.ts";
import { createOutbox } from "./outbox.ts";
import { createSchedules, type RegisteredSchedule, type Schedules } from "./schedules.ts";

const logged: string[] = [];
const log = (message: string) => void logged.push(message);
const logger = { info: log, warn: log, error: log };
const noon = Date.parse("2026-06-08T12:00:30");
let now: number;
const clock = { now: () => now };
let dir: string;
let storage: Storage;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-schedules-"));
  now = noon;
  logged.length = 0;
  stops = [];
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  await storage.migrate("jobs", jobMigrations);
});

afterEach(async () => {
  for (const stop of stops) await stop();
  await storage.close();
  rmSync(dir, { recursive: true });
});

const boot = (): { jobs: Jobs; schedules: Schedules } => {
  const jobs = createJobs({ storage, clock, ids: createIds(clock), logger, timing: { idle: 20, lease: minutes(60) } });
  const schedules = createSchedules({ storage, clock, logger, jobs });
  jobs.start();
  stops.push(
    () => schedules.stop(),
    () => jobs.stop(),
  );
  return { jobs, schedules };
};
const entry = (id: string, cron: string, run: () => unknown): RegisteredSchedule => ({
  plugin: "p",
  schedule: { id, cron, run: async () => void (await run()) },
  use: () => {
    throw new Error("no services here");
  },
});
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const settle = () => new Promise((resolve) => setTimeout(resolve, 120));
const minutes = (count: number) => count * 60_000;

describe("schedules", () => {
  it("run when due, once per instant", async () => {
    const { schedules } = boot();
    let runs = 0;
    const list = [entry("a.b", "*/5 * * * *", () => runs++)];
    await schedules.activate(list);
    await settle();
    expect(runs).toBe(0);
    now = noon + minutes(5);
    await schedules.activate(list);
    await until(() => expect(runs).toBe(1));
    await schedules.activate(list);
    await settle();
    expect(runs).toBe(1);
    expect(await storage.read.all("SELECT * FROM schedules")).toEqual([
      { id: "a.b", cron: "*/5 * * * *", next_run_at: Date.parse("2026-06-08T12:10:00"), last_run_at: now },
    ]);
  });

  it("run once for everything that was missed while the panel was down, and not at once when they are new", async () => {
    let runs = 0;
    const list = [entry("a.b", "0 * * * *", () => runs++)];
    const before = boot();
    await before.schedules.activate(list);
    await before.schedules.stop();
    await before.jobs.stop();
    now = noon + minutes(60 * 30);
    await boot().schedules.activate(list);
    await until(() => expect(runs).toBe(1));
    await settle();
    expect(runs).toBe(1);
  });

  it("by their own timer", async () => {
    const { schedules } = boot();
    let runs = 0;
    now = Date.parse("2026-06-08T12:00:59.900");
    await schedules.activate([entry("a.b", "* * * * *", () => runs++)]);
    now += 200;
    await until(() => expect(runs).toBe(1));
  });

  it("are not overtaken by their next instant, and run only once when two panels look", async () => {
    const [one, two] = [boot(), boot()];
    let runs = 0;
    let finish = () => undefined as void;
    const slow = () => {
      runs += 1;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    };
    const list = [entry("a.b", "* * * * *", slow), entry("a.b2", "0 0 1 1 *", () => undefined)];
    await Promise.all([one.schedules.activate(list), two.schedules.activate(list)]);
    now += minutes(1);
    await Promise.all([one.schedules.activate(list), two.schedules.activate(list)]);
    await until(() => expect(runs).toBe(1));
    now += minutes(1);
    await Promise.all([one.schedules.activate(list), two.schedules.activate(list)]);
    await settle();
    expect(runs).toBe(1);
    finish();
    await until(async () => expect(await storage.read.all("SELECT id FROM jobs WHERE state = 'ready'")).toEqual([]));
    now += minutes(1);
    await Promise.all([one.schedules.activate(list), two.schedules.activate(list)]);
    await until(() => expect(runs).toBe(2));
    finish();
  });

  it("follow a changed expression, stop when their plugin goes, and leave a wrong one out", async () => {
    const { schedules } = boot();
    const ran: string[] = [];
    await schedules.activate([
      entry("a.b", "0 0 1 1 *", () => ran.push("a")),
      entry("c.d", "* * * * *", () => ran.push("c")),
    ]);
    await schedules.activate([
      entry("a.b", "* * * * *", () => ran.push("a")),
      entry("e.f", "* * * * * *", () => ran.push("e")),
      entry("g.h", "0 0 30 2 *", () => ran.push("g")),
    ]);
    expect(logged.filter((line) => line === "a schedule cannot run")).toHaveLength(2);
    now += minutes(1);
    await schedules.activate([entry("a.b", "* * * * *", () => ran.push("a"))]);
    await until(() => expect(ran).toEqual(["a"]));
    await settle();
    expect(ran).toEqual(["a"]);
  });

  it("take five fields only", async () => {
    const next = await loadNextRun();
    const at = (cron: string, from: string) => new Date(next(cron, Date.parse(from))).toISOString();
    const local = (time: string) => new Date(Date.parse(time)).toISOString();
    expect(at("30 2 * * *", "2026-06-08T02:30:00")).toBe(local("2026-06-09T02:30:00"));
    expect(at("0 0 29 2 *", "2026-06-08T00:00:00")).toBe(local("2028-02-29T00:00:00"));
    for (const wrong of ["@daily", "* * * *", "* * * * * *", "61 * * * *", "", "x * * * *"])
      expect(() => next(wrong, noon)).toThrow();
  });
});

describe("the outbox", () => {
  const added = defineHook<"notify", { id: number }>("notify", "domains.added");
  const listen = (plugin: string, tap: (payload: unknown) => unknown): RegisteredTap => ({
    plugin,
    hook: added,
    tap: async (payload) => void (await tap(payload)),
  });

  it("delivers to each plugin after commit only, and one that fails does not hold up the others", async () => {
    const { jobs } = boot();
    const got: unknown[] = [];
    const blamed: string[] = [];
    let broken = true;
    const table = createHookTable({
      taps: [
        listen("a", () => {
          if (broken) throw new Error("x");
          got.push("a");
        }),
        listen("b", (payload) => got.push(["b", payload])),
      ],
      onBlame: (plugin) => blamed.push(plugin),
    });
    const outbox = createOutbox(jobs, () => table);
    await storage.change(({ db }) => outbox.emit(db, added, { id: 1 }), { rollback: true });
    await storage.change(async ({ db }) => {
      await outbox.emit(db, added, { id: 2 });
      await settle();
      expect(got).toEqual([]);
    });
    await until(() => expect(got).toEqual([["b", { id: 2 }]]));
    await until(() => expect(blamed).toEqual(["a"]));
    broken = false;
    now += 2_000;
    await until(() => expect(got).toEqual([["b", { id: 2 }], "a"]));
    expect(blamed).toEqual(["a"]);
  });

  it("keeps a letter for a plugin that is being replaced", async () => {
    const { jobs } = boot();
    const got: unknown[] = [];
    const table = (present: boolean) =>
      createHookTable({ taps: present ? [listen("a", (payload) => got.push(payload))] : [], onBlame: () => undefined });
    let current = table(true);
    const outbox = createOutbox(jobs, () => current);
    await storage.change(async ({ db }) => {
      await outbox.emit(db, added, { id: 1 });
      current = table(false);
    });
    await until(async () =>
      expect(await storage.read.get("SELECT last_error FROM jobs")).toEqual({
        last_error: "Error: a does not listen to domains.added",
      }),
    );
    current = table(true);
    now += 2_000;
    await until(() => expect(got).toEqual([{ id: 1 }]));
  });
});
