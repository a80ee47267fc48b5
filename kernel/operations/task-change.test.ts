import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChangeContext, ChangeOperation, OperationContext, Principal, Task } from "@patchbay/sdk";
import * as v from "valibot";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Reconciler } from "../reconcile/types.ts";
import { createIds } from "../storage/ids.ts";
import { createSealer } from "../storage/sealer.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import type { Call } from "./call.ts";
import { type ChangeRooms, ChangeRunner } from "./change.ts";
import { Outcomes, outcomeMigrations } from "./outcome.ts";

const clock = { now: () => Date.now() };
const ids = createIds(clock);
const task: Task<{ what: string }> = {
  id: "toy.build",
  title: "Build",
  run: async () => {},
  preview: async ({ what }) => ({
    plan: [{ slot: "toys", unit: "", action: "build", target: what }],
    warnings: ["it is loud"],
  }),
};

let dir: string;
let storage: Storage;
let outcomes: Outcomes;
let runner: ChangeRunner;
let rooms: ChangeRooms;
let started: unknown[];
let wakes: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-task-change-"));
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids });
  await storage.migrate("operations", outcomeMigrations);
  const sealer = createSealer(Buffer.alloc(32, 1));
  outcomes = new Outcomes(sealer);
  started = [];
  wakes = 0;
  const reconciler = {
    expect: () => ({ end: new Promise(() => {}), forget: () => {} }),
    wake: () => {
      wakes += 1;
    },
    plan: async () => ({ steps: [], warnings: [] }),
  } as unknown as Reconciler;
  rooms = {
    hooks: { guarded: async () => undefined, emit: async () => undefined } as unknown as ChangeRooms["hooks"],
    claim: async () => undefined,
    audit: async () => undefined,
    startTask: async (change, { task: { id }, payload, held }) => void started.push([change.id, id, payload, held]),
  };
  runner = new ChangeRunner(storage, reconciler, outcomes, sealer, clock, () => undefined);
});
afterEach(async () => {
  await storage.close();
  rmSync(dir, { recursive: true });
});

/** Calls an operation whose handler is this. */
async function call(handle: (ctx: ChangeContext) => void, more: Partial<Call> = {}) {
  const operation = {
    id: "toys.build",
    method: "POST",
    output: v.null(),
    handle: async (_input: unknown, ctx: ChangeContext) => {
      handle(ctx);
      return null;
    },
  } as unknown as ChangeOperation<unknown, unknown>;
  const principal = { userId: 1 } as Principal;
  const asked = { operation, principal, raw: {}, ...more } as unknown as Call;
  const context = { principal, read: storage.read, operationId: ids.uuid(), dryRun: more.dryRun === true };
  const earlier = await runner.replay(asked, {});
  const prepared = {
    call: asked,
    operation,
    input: {},
    prepared: undefined,
    context: context as OperationContext,
    rooms,
  };
  return { id: context.operationId, answer: earlier ?? (await runner.run(prepared)) };
}

const build = (ctx: ChangeContext) => ctx.start(task, { what: "a toy" });

it("is answered 202 at once, with the task queued in the same transaction", async () => {
  const { id, answer } = await call(build);
  expect(answer).toEqual({ status: 202, message: "Accepted", data: { operation_id: id, state: "queued" } });
  expect(started).toEqual([[id, "toy.build", { what: "a toy" }, false]]);
  expect(await storage.read.all("SELECT id, action, state, task FROM operations")).toEqual([
    { id, action: "toys.build", state: "queued", task: "toy.build" },
  ]);
});

it("waits for the units of the change", async () => {
  const { id, answer } = await call((ctx) => {
    ctx.intents.touch("toys", "a");
    build(ctx);
  });
  expect([answer.status, started, wakes]).toEqual([202, [[id, "toy.build", { what: "a toy" }, true]], 1]);
  await storage.change((change) => outcomes.finish(change, id, { state: "done" }, 1));
  expect((await outcomes.view(storage.read, id, { userId: 1, role: "user" })).state).toBe("queued");
});

it("has one task for one idempotency key, whatever became of it", async () => {
  const { id } = await call(build, { idempotencyKey: "k" });
  expect((await call(build, { idempotencyKey: "k" })).answer.data).toEqual({ operation_id: id, state: "queued" });
  await storage.change(({ db }) => db("operations").where({ id }).update({ state: "undone", error: "as before" }));
  expect((await call(build, { idempotencyKey: "k" })).answer).toMatchObject({
    status: 202,
    data: { operation_id: id, state: "undone" },
  });
  expect(started).toHaveLength(1);
});

it("tells in a dry run what the task would do, and starts nothing", async () => {
  const { answer } = await call(build, { dryRun: true });
  expect(answer).toMatchObject({
    status: 200,
    data: { plan: [{ slot: "toys", unit: "", action: "build", target: "a toy" }], warnings: ["it is loud"] },
  });
  expect([started, await storage.read.all("SELECT id FROM operations")]).toEqual([[], []]);
});

it("starts one task at most", async () => {
  const twice = call((ctx) => {
    build(ctx);
    build(ctx);
  });
  await expect(twice).rejects.toThrow("toy.build");
  expect(await storage.read.all("SELECT id FROM operations")).toEqual([]);
});
