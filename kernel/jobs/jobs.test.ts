import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createIds } from "../storage/ids.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { createJobs, type JobRequest, type Jobs } from "./jobs.ts";
import { jobMigrations } from "./migrations.ts";
import type { WorkerTiming } from "./worker.ts";

const logged: string[] = [];
const log = (message: string) => void logged.push(message);
const logger = { info: log, warn: log, error: log };
let dir: string;
let shift: number;
let storage: Storage;
let started: Jobs[];
/** Real time, which a test may push forward. */
const clock = { now: () => Date.now() + shift };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-jobs-"));
  shift = 0;
  started = [];
  logged.length = 0;
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  await storage.migrate("jobs", jobMigrations);
});

afterEach(async () => {
  for (const jobs of started) await jobs.stop();
  await storage.close();
  rmSync(dir, { recursive: true });
});

const make = (timing: Partial<WorkerTiming> = {}) => {
  const jobs = createJobs({ storage, clock, ids: createIds(clock), logger, random: () => 0, timing });
  started.push(jobs);
  return jobs;
};
const enqueue = (jobs: Jobs, request: JobRequest) => storage.change(({ db }) => jobs.enqueue(db, request));
const rows = () =>
  storage.read.all<{
    state: string;
    attempts: number;
    last_error: string | null;
    lease_owner: string | null;
    run_at: number;
    dedupe_key: string | null;
  }>("SELECT * FROM jobs ORDER BY id");
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

describe("a job", () => {
  it("exists only when its change commits, and then runs without waiting for the next look", async () => {
    const jobs = make();
    const got: unknown[] = [];
    jobs.handle("q", async (payload) => void got.push(payload));
    jobs.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await storage.change(({ db }) => jobs.enqueue(db, { queue: "q", payload: 1 }), { rollback: true });
    await storage
      .change(async ({ db }) => {
        await jobs.enqueue(db, { queue: "q", payload: 2 });
        throw new Error("no");
      })
      .catch(() => undefined);
    await enqueue(jobs, { queue: "q", payload: { n: 3 } });
    await until(async () => expect((await rows()).map((row) => row.state)).toEqual(["done"]));
    expect(got).toEqual([{ n: 3 }]);
  });

  it("waits for its time and for a handler", async () => {
    const jobs = make({ idle: 40 });
    const got: unknown[] = [];
    jobs.start();
    await enqueue(jobs, { queue: "q", payload: "later", runAt: clock.now() + 3_600_000 });
    await enqueue(jobs, { queue: "q", payload: "now" });
    await new Promise((resolve) => setTimeout(resolve, 120));
    jobs.handle("q", async (payload) => void got.push(payload));
    await until(() => expect(got).toEqual(["now"]));
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(got).toEqual(["now"]);
    shift = 3_600_000;
    await until(() => expect(got).toEqual(["now", "later"]));
  });

  it("waits while its queue has been left, and is done when somebody takes that again", async () => {
    const jobs = make({ idle: 20 });
    const got: unknown[] = [];
    jobs.handle("q", async () => void got.push("first"));
    jobs.start();
    jobs.leave("q");
    await enqueue(jobs, { queue: "q", payload: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([got, (await rows()).map(({ attempts, state }) => [state, attempts])]).toEqual([[], [["ready", 0]]]);
    jobs.take("q", async () => void got.push("first"));
    jobs.take("q", async () => void got.push("second"));
    await until(async () => expect((await rows()).map((row) => row.state)).toEqual(["done"]));
    expect(got).toEqual(["second"]);
  });

  it("is queued once per dedupe key until it has ended", async () => {
    const jobs = make();
    let runs = 0;
    let finish = () => undefined as void;
    jobs.handle("q", () => {
      runs += 1;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    jobs.start();
    const request = { queue: "q", payload: null, dedupeKey: "k" };
    const both = storage.change(async ({ db }) => [await jobs.enqueue(db, request), await jobs.enqueue(db, request)]);
    expect(await both).toEqual([true, false]);
    await until(() => expect(runs).toBe(1));
    expect(await enqueue(jobs, request)).toBe(false);
    finish();
    await until(async () => expect((await rows()).map((row) => row.state)).toEqual(["done"]));
    expect(await enqueue(jobs, request)).toBe(true);
    await until(() => expect(runs).toBe(2));
    finish();
  });

  it("is tried again later and later, and given up after its last attempt", async () => {
    const jobs = make({ idle: 20 });
    const at: number[] = [];
    jobs.handle("q", async () => {
      at.push(clock.now());
      throw new Error("broken");
    });
    jobs.start();
    await enqueue(jobs, { queue: "q", payload: null, maxAttempts: 3, dedupeKey: "k" });
    for (let attempt = 1; attempt < 3; attempt++) {
      await until(async () =>
        expect(await rows()).toMatchObject([{ state: "ready", attempts: attempt, lease_owner: null }]),
      );
      const wait = ((await rows())[0]?.run_at ?? 0) - (at[attempt - 1] ?? 0);
      expect(wait).toBeGreaterThanOrEqual(500 * 2 ** (attempt - 1));
      expect(wait).toBeLessThan(500 * 2 ** (attempt - 1) + 400);
      expect(at).toHaveLength(attempt);
      shift += wait;
    }
    await until(async () =>
      expect(await rows()).toMatchObject([
        { state: "dead", attempts: 3, last_error: "Error: broken", dedupe_key: null },
      ]),
    );
    expect(logged).toContain("a job was given up");
  });

  it("is aborted and tried again when it takes too long, also when it ignores its signal", async () => {
    const jobs = make({ job: 50 });
    let signal: AbortSignal | undefined;
    jobs.handle("q", (_, given) => {
      signal = given;
      return new Promise(() => undefined);
    });
    jobs.start();
    await enqueue(jobs, { queue: "q", payload: null });
    await until(async () =>
      expect(await rows()).toMatchObject([{ state: "ready", last_error: "Error: the job took too long" }]),
    );
    expect(signal?.aborted).toBe(true);
  });
});

describe("workers", () => {
  it("share the work of one database: every job once", async () => {
    const ran: number[] = [];
    const workers = [make(), make(), make()];
    await storage.change(async ({ db }) => {
      for (let n = 0; n < 150; n++) await workers[0]?.enqueue(db, { queue: "q", payload: n });
    });
    for (const jobs of workers) {
      jobs.handle("q", async (payload) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
        ran.push(payload as number);
      });
      jobs.start();
    }
    await until(async () => expect((await rows()).every((row) => row.state === "done")).toBe(true));
    expect(ran.sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, n) => n));
  });

  it("take over from one that crashed, after its lease, and give up a job that always kills its worker", async () => {
    const jobs = make({ idle: 20 });
    let runs = 0;
    jobs.handle("q", async () => void runs++);
    await enqueue(jobs, { queue: "q", payload: 1 });
    await enqueue(jobs, { queue: "q", payload: 2, maxAttempts: 2 });
    await storage.change(async ({ db }) => {
      await db("jobs").update({ lease_owner: "crashed", lease_until: clock.now() + 5_000, attempts: 1 });
      await db("jobs").where({ id: 2 }).update({ attempts: 2 });
    });
    jobs.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(runs).toBe(0);
    shift = 5_001;
    await until(async () =>
      expect(await rows()).toMatchObject([
        { state: "done", attempts: 2 },
        { state: "dead", attempts: 2 },
      ]),
    );
    expect(runs).toBe(1);
  });

  it("keep the lease of a long job", async () => {
    const [one, two] = [make({ lease: 150 }), make({ lease: 150, idle: 20 })];
    let runs = 0;
    for (const jobs of [one, two]) {
      jobs.handle("q", async () => {
        runs += 1;
        await new Promise((resolve) => setTimeout(resolve, 600));
      });
      jobs.start();
    }
    await enqueue(one, { queue: "q", payload: 1 });
    await until(async () => expect(await rows()).toMatchObject([{ state: "done", attempts: 1 }]));
    expect(runs).toBe(1);
  });

  it("abort a job whose lease was lost, and do not touch its row", async () => {
    const jobs = make({ lease: 60 });
    let reason: unknown;
    jobs.handle(
      "q",
      (_, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            reject(reason);
          }),
        ),
    );
    jobs.start();
    await enqueue(jobs, { queue: "q", payload: 1 });
    await until(async () => expect((await rows())[0]?.lease_owner).not.toBeNull());
    await storage.change(({ db }) => db("jobs").update({ lease_owner: "other", lease_until: clock.now() + 60_000 }));
    await until(() => expect(String(reason)).toContain("the lease was lost"));
    await jobs.stop();
    expect(await rows()).toMatchObject([{ lease_owner: "other", state: "ready", attempts: 1 }]);
  });

  it("stop: abort their jobs, give them back, and do not wait for ever", async () => {
    const jobs = make({ stop: 100 });
    let aborted = 0;
    jobs.handle(
      "polite",
      (_, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => {
            aborted += 1;
            reject(signal.reason);
          }),
        ),
    );
    jobs.handle("deaf", () => new Promise(() => undefined));
    jobs.start();
    await enqueue(jobs, { queue: "polite", payload: 1 });
    await enqueue(jobs, { queue: "deaf", payload: 1 });
    await until(async () => expect((await rows()).every((row) => row.lease_owner !== null)).toBe(true));
    const began = Date.now();
    await jobs.stop();
    expect(Date.now() - began).toBeLessThan(2_000);
    expect(aborted).toBe(1);
    expect(await rows()).toMatchObject([
      { lease_owner: null, attempts: 0, state: "ready" },
      { attempts: 1, state: "ready" },
    ]);
    expect((await rows())[1]?.lease_owner).not.toBeNull();
  });

  it("do not write, and look only now and then, while there is nothing to do", async () => {
    const jobs = make({ idle: 10 });
    jobs.handle("q", async () => undefined);
    await enqueue(jobs, { queue: "q", payload: 1, runAt: clock.now() + 1_000_000 });
    const change = vi.spyOn(storage, "change");
    const look = vi.spyOn(storage.read, "get");
    jobs.start();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(change).not.toHaveBeenCalled();
    expect(look.mock.calls.length).toBeLessThan(20);
  });

  it("go on after the database was not there", async () => {
    const jobs = make();
    let runs = 0;
    jobs.handle("q", async () => void runs++);
    vi.spyOn(storage, "change").mockRejectedValueOnce(new Error("disk"));
    await storage.change(() => Promise.resolve()).catch(() => undefined);
    vi.spyOn(storage.read, "get").mockRejectedValueOnce(new Error("disk"));
    jobs.start();
    await enqueue(jobs, { queue: "q", payload: 1 });
    await until(() => expect(runs).toBe(1));
    expect(logged).toContain("the job worker could not reach the database");
  });

  it("forget what was done a day ago, and keep what is dead", async () => {
    const jobs = make();
    jobs.handle("q", async () => undefined);
    for (const payload of [1, 2]) await enqueue(jobs, { queue: "q", payload });
    await storage.change(async ({ db }) => {
      await db("jobs").where({ id: 1 }).update({ state: "done" });
      await db("jobs").where({ id: 2 }).update({ state: "dead" });
    });
    shift = 90_000_000;
    await enqueue(jobs, { queue: "q", payload: 3 });
    jobs.start();
    await until(async () => expect((await rows()).map((row) => row.state)).toEqual(["dead", "done"]));
  });
});
