import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Principal } from "@patchbay/sdk";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Outcomes, outcomeMigrations } from "../operations/outcome.ts";
import { TaskLog } from "../operations/task-log.ts";
import { createIds } from "../storage/ids.ts";
import { createSealer } from "../storage/sealer.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { eventsRoute } from "./events.ts";

const clock = { now: () => Date.now() };
const ids = createIds(clock);
let dir: string;
let storage: Storage;
let outcomes: Outcomes;
let log: TaskLog;
let server: Server;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-events-"));
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids });
  await storage.migrate("operations", outcomeMigrations);
  outcomes = new Outcomes(createSealer(Buffer.alloc(32, 1)));
  log = new TaskLog(outcomes.watchers);
  const doors = { authenticate: () => ({ userId: 1, role: "user" }) as Principal };
  const route = eventsRoute({ doors, outcomes, read: storage.read });
  server = createServer((request, response) => {
    route.serve(request, response).catch(() => response.writeHead(404).end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await storage.close();
  rmSync(dir, { recursive: true });
});

async function open(userId: number): Promise<string> {
  const id = ids.uuid();
  const answer = { message: "OK", data: null };
  const row = { id, action: "toy.go", userId, state: "queued" as const, task: "toy.task", answer, now: 0 };
  await storage.change(({ read }) => outcomes.open(read, row));
  return id;
}

/** The stream of an operation: its status, and its events one by one. */
async function listen(id: string) {
  const { port } = server.address() as AddressInfo;
  const asked = get({ port, path: `/api/operations/events?id=${id}`, agent: false });
  const [response] = await once(asked, "response");
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const next = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) return undefined;
      if (value.startsWith("data: ")) return JSON.parse(value.slice(6));
    }
  };
  return { status: response.statusCode as number, next };
}

it("sends an event for every change of state, step and progress, and ends with the operation", async () => {
  const id = await open(1);
  const { next } = await listen(id);
  expect(await next()).toMatchObject({ operation_id: id, action: "toy.go", state: "queued", progress: 0, steps: [] });
  await storage.change((change) => log.begin(change, id));
  expect(await next()).toMatchObject({ state: "running" });
  const step = { name: "audit", state: "running" as const, message: "1 of 2" };
  await storage.change((change) => log.step(change, id, step));
  expect(await next()).toMatchObject({ steps: [step] });
  await storage.change((change) => log.progress(change, id, 0.5));
  expect(await next()).toMatchObject({ progress: 0.5 });
  const end = { state: "undone", error: "All as before." } as const;
  await storage.change((change) => log.end(change, id, { end, now: 1 }));
  expect(await next()).toEqual({
    operation_id: id,
    action: "toy.go",
    state: "undone",
    progress: 0.5,
    steps: [{ ...step, state: "failed" }],
    error: "All as before.",
  });
  expect(await next()).toBeUndefined();
});

it("sends the end of what has ended, and nothing of what is somebody else's", async () => {
  const id = await open(1);
  await storage.change((change) => log.end(change, id, { end: { state: "done", error: null }, now: 1 }));
  const { next } = await listen(id);
  expect([(await next()).state, await next()]).toEqual(["done", undefined]);
  expect((await listen(await open(2))).status).toBe(404);
});
