import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createLogger } from "../observe/logger.ts";
import { createIds } from "../storage/ids.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { createJobs, type Jobs } from "./jobs.ts";
import { jobMigrations } from "./migrations.ts";

const clock = { now: () => Date.now() };
let dir: string;
let storage: Storage;
let jobs: Jobs;
let done: unknown[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-held-"));
  const ids = createIds(clock);
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids });
  await storage.migrate("jobs", jobMigrations);
  done = [];
  jobs = createJobs({ storage, clock, ids, logger: createLogger({ write: () => undefined }) });
  jobs.handle("letters", async (payload) => void done.push(payload));
  jobs.start();
  await storage.change(async ({ db }) => {
    await jobs.enqueue(db, { queue: "letters", payload: "kept", heldBy: "c1" });
    await jobs.enqueue(db, { queue: "letters", payload: "dropped", heldBy: "c2" });
    await jobs.enqueue(db, { queue: "letters", payload: "at once" });
  });
});

afterEach(async () => {
  await jobs.stop();
  await storage.close();
  rmSync(dir, { recursive: true });
});

it("holds what belongs to a change until it is final, and forgets what belongs to one that was undone", async () => {
  await expect.poll(() => done).toEqual(["at once"]);
  await storage.change(({ db }) => jobs.settle(db, "c2", false));
  await storage.change(({ db }) => jobs.settle(db, "c1", true));
  await expect.poll(() => done).toEqual(["at once", "kept"]);
  expect(await storage.read.all("SELECT id FROM jobs WHERE state = 'held'")).toEqual([]);
});
