import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conflict, type Task, type TaskContext, Undone } from "@patchbay/sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditEntry } from "../audit/audit.ts";
import { jobMigrations } from "../jobs/migrations.ts";
import { Outcomes, outcomeMigrations } from "../operations/outcome.ts";
import { TaskLog } from "../operations/task-log.ts";
import { createIds } from "../storage/ids.ts";
import { createSealer } from "../storage/sealer.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import type { RegisteredTask } from "./run-task.ts";
import { createTasks, type Tasks } from "./tasks.ts";
import { mortal } from "./testing/mortal.ts";

type Work = (payload: unknown, ctx: TaskContext) => Promise<void>;

const clock = { now: () => Date.now() };
const ids = createIds(clock);
const admin = { userId: 1, role: "admin" };
const caller = { userId: 1, username: "root", impersonator: null, ip: "::1", userAgent: "test" };

let dir: string;
let storage: Storage;
let outcomes: Outcomes;
let tasks: Tasks;
let audited: AuditEntry[];
let logged: string[];
let works: Record<string, Work>;

/** A kernel on what an earlier one left. */
function boot(own: Storage = storage): Tasks {
  const declared = new Map(
    Object.keys(works).map((id): [string, RegisteredTask] => {
      const task: Task = { id, title: id, run: (payload, ctx) => works[id]?.(payload, ctx) ?? Promise.resolve() };
      const use = () => {
        throw new Error("there are no services");
      };
      return [id, { plugin: "test", task, use }];
    }),
  );
  const log = (message: string) => void logged.push(message);
  const made = createTasks({
    storage: own,
    clock,
    ids,
    logger: { info: log, warn: log, error: log },
    log: new TaskLog(outcomes.watchers),
    audit: { append: async (_change, entry) => void audited.push(entry) },
    declared: () => declared,
    timing: { lease: 150, idle: 20, stop: 300 },
  });
  made.start();
  return made;
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-tasks-"));
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids });
  await storage.migrate("jobs", jobMigrations);
  await storage.migrate("operations", outcomeMigrations);
  outcomes = new Outcomes(createSealer(Buffer.alloc(32, 1)));
  audited = [];
  logged = [];
  works = {};
});
afterEach(async () => {
  await tasks.stop();
  await storage.close();
  rmSync(dir, { recursive: true });
});

/** What a change that starts a task does. */
async function begin(task: string, payload: unknown = null, held = false): Promise<string> {
  const id = ids.uuid();
  await storage.change(
    async (change) => {
      const answer = { message: "OK", data: null };
      const row = { id, action: "toy.go", userId: 1, state: "queued" as const, task, answer, now: clock.now() };
      await outcomes.open(change.read, row);
      await tasks.begin(change, { task: { id: task, title: task, run: async () => {} }, payload, caller, held });
    },
    { id },
  );
  return id;
}

const view = (id: string) => outcomes.view(storage.read, id, admin);
const ended = async (id: string) => {
  await expect.poll(async () => (await view(id)).state, { timeout: 5000 }).toMatch(/done|failed|undone/);
  return view(id);
};
/** Resolves when the signal is aborted, never before. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("a task", () => {
  it("is watched from the queue to its end, and its end is recorded", async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    works["toy.build"] = async (payload, ctx) => {
      await ctx.step("plan", "running");
      await ctx.step("plan", "done", `3 of ${payload}`);
      await ctx.step("build", "running", "1 of 3");
      await ctx.progress(0.5);
      await ctx.progress(0.2);
      await gate;
    };
    tasks = boot();
    const seen: string[] = [];
    const id = await begin("toy.build", 3);
    const stop = outcomes.watchers.watch(id, () => void view(id).then(({ state }) => seen.push(state)));
    await expect
      .poll(() => view(id))
      .toEqual({
        operation_id: id,
        action: "toy.go",
        state: "running",
        progress: 0.5,
        steps: [
          { name: "plan", state: "done", message: "3 of 3" },
          { name: "build", state: "running", message: "1 of 3" },
        ],
        error: null,
      });
    go();
    const end = await ended(id);
    expect(end).toMatchObject({ state: "done", progress: 1, error: null });
    expect(end.steps.map(({ state }) => state)).toEqual(["done", "done"]);
    await expect.poll(() => seen.at(-1)).toBe("done");
    stop();
    const resource = `operation:${id}`;
    expect(audited).toEqual([{ ...caller, action: "toy.build", resource, outcome: "ok", detail: { state: "done" } }]);
    expect(await outcomes.result(storage.read, id)).toEqual({ state: "done", isTask: true });
  });

  it.each([
    ["a PanelError", () => conflict("TOY_TAKEN", "The toy is taken."), "failed", "The toy is taken."],
    ["Undone", () => new Undone("All as before."), "undone", "All as before."],
    [
      "anything else",
      () => new Error("/etc/secret"),
      "failed",
      /^The panel failed\. Its log has more under [0-9a-f-]{36}\.$/,
    ],
  ])("that throws %s ends so, without another attempt", async (_what, error, state, message) => {
    let attempts = 0;
    works["toy.build"] = async (_payload, ctx) => {
      attempts += 1;
      await ctx.step("build", "running");
      throw error();
    };
    tasks = boot();
    const end = await ended(await begin("toy.build"));
    expect(end).toMatchObject({ state, progress: 0, steps: [{ name: "build", state: "failed" }] });
    if (typeof message === "string") expect(end.error).toBe(message);
    else expect(end.error).toMatch(message);
    expect([attempts, audited[0]?.outcome, logged.length]).toEqual([1, "failed", message instanceof RegExp ? 1 : 0]);
  });

  it("waits for others of its id and for nothing else", async () => {
    const running: string[] = [];
    let most = 0;
    works["toy.slow"] = async (payload) => {
      running.push(String(payload));
      most = Math.max(most, running.length);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running.splice(running.indexOf(String(payload)), 1);
    };
    works["toy.other"] = async () => {};
    works["toy.endless"] = (_payload, { signal }) => untilAborted(signal);
    tasks = boot();
    await begin("toy.endless");
    const slow = await Promise.all(["a", "b", "c"].map((name) => begin("toy.slow", name)));
    expect((await ended(await begin("toy.other"))).state).toBe("done");
    for (const id of slow) expect((await ended(id)).state).toBe("done");
    expect(most).toBe(1);
  });

  it("that nobody declares rolls the change back", async () => {
    tasks = boot();
    await expect(begin("toy.ghost")).rejects.toThrow("toy.ghost");
    expect(await storage.read.all("SELECT id FROM operations")).toEqual([]);
  });
});

describe("a held task", () => {
  it("begins when its change is final", async () => {
    works["toy.build"] = async () => {};
    tasks = boot();
    const id = await begin("toy.build", null, true);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await view(id)).state).toBe("queued");
    await storage.change(async (change) => {
      await outcomes.finish(change, id, { state: "done" }, clock.now());
      await change.db("jobs").where({ held_by: id }).update({ state: "ready", run_at: 0 });
    });
    tasks.wake();
    expect((await ended(id)).state).toBe("done");
  });

  it("never begins when its change was undone", async () => {
    let attempts = 0;
    works["toy.build"] = async () => {
      attempts += 1;
    };
    tasks = boot();
    const id = await begin("toy.build", null, true);
    await storage.change(async (change) => {
      await outcomes.finish(change, id, { state: "undone", failures: [] }, clock.now());
      // Even when its job is let run: the operation is over.
      await change.db("jobs").where({ held_by: id }).update({ state: "ready", run_at: 0 });
    });
    tasks.wake();
    await expect.poll(() => storage.read.all("SELECT id FROM jobs WHERE state = 'ready'")).toEqual([]);
    expect([attempts, (await view(id)).state]).toEqual([0, "undone"]);
  });
});

describe("a task whose panel", () => {
  it("died is run again from its beginning under the same id", async () => {
    let attempts = 0;
    works["toy.build"] = async (_payload, ctx) => {
      attempts += 1;
      await ctx.step("first", "running", `attempt ${attempts}`);
      await ctx.progress(attempts === 1 ? 0.6 : 0.3);
      // The first kernel dies here: it never hears of an abort.
      if (attempts === 1) await new Promise(() => {});
    };
    const life = { isOver: false };
    tasks = boot(mortal(storage, life));
    const id = await begin("toy.build");
    await expect.poll(async () => (await view(id)).progress).toBe(0.6);
    life.isOver = true;
    tasks = boot();
    const end = await ended(id);
    expect(end).toMatchObject({ state: "done", steps: [{ name: "first", state: "done", message: "attempt 2" }] });
    expect([attempts, audited.length]).toEqual([2, 1]);
  });

  it("is stopped is aborted, given back and run by the next", async () => {
    let attempts = 0;
    works["toy.build"] = async (_payload, { signal }) => {
      attempts += 1;
      if (attempts === 1) await untilAborted(signal);
    };
    tasks = boot();
    const id = await begin("toy.build");
    await expect.poll(() => attempts).toBe(1);
    await tasks.stop();
    expect([(await view(id)).state, audited, logged]).toEqual(["running", [], []]);
    tasks = boot();
    expect((await ended(id)).state).toBe("done");
    expect(attempts).toBe(2);
  });
});
