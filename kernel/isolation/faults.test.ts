import { setTimeout as sleep } from "node:timers/promises";
import { asPlugin, type Operation, type OperationContext, type RenderingProvider } from "@patchbay/sdk";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { isReported } from "./reported.ts";
import { Bench, type Parts, partsOf } from "./testing/bench.ts";
import { query, tap, valibot } from "./testing/samples.ts";
import type { GuestPlugin } from "./types.ts";

let bench: Bench;
const loaded: GuestPlugin[] = [];

beforeAll(async () => {
  bench = await Bench.open();
}, 60_000);

afterEach(async () => {
  await Promise.all(loaded.splice(0).map((guest) => guest.end()));
  expect(bench.guests()).toEqual([]);
  bench.faults.length = 0;
});

afterAll(async () => {
  await bench.close();
});

const context = {
  principal: { ...asPlugin, userId: 7 },
  now: 5,
  operationId: "op-1",
  dryRun: false,
} as OperationContext;

async function load(id: string, code: string, manifest = {}): Promise<Parts> {
  const guest = await bench.load(id, query(`${id}.well`, `return "well " + process.pid;`) + code, {
    before: valibot,
    manifest,
  });
  loaded.push(guest);
  return partsOf(guest);
}

const ask = (parts: Parts, id: string): Promise<unknown> =>
  (parts.operations.get(id) as Operation).handle({}, context as never, undefined as never);
const failure = (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error);

/** Asks until it is answered again; returns how long that took, in milliseconds. */
async function untilWell(parts: Parts, id: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const answer = await ask(parts, id).catch(() => undefined);
    if (typeof answer === "string" && answer.startsWith("well")) return performance.now() - began;
    if (performance.now() - began > 20_000) throw new Error("it was not started again");
    await sleep(50);
  }
}

it("names who threw in a route, and goes on", async () => {
  const parts = await load("throws", query("throws.now", `throw new Error("with a secret");`));
  const error = await failure(ask(parts, "throws.now"));
  expect(isReported(error)).toBe(true);
  expect(bench.faults).toMatchObject([{ plugin: "throws", kind: "threw", where: "throws.now" }]);
  expect(JSON.stringify(bench.faults)).not.toContain("secret");
  expect(await ask(parts, "throws.well")).toMatch(/^well/);
});

it("leaves a tap that rejects to the hook table", async () => {
  const parts = await load("rejects", tap("veto", "a.before", `return Promise.reject(new Error("no luck"));`));
  const error = await failure(
    parts.taps.get("a.before")?.({}, { signal: AbortSignal.timeout(2000) }) as Promise<unknown>,
  );
  expect(error).toMatchObject({ message: "Error: no luck" });
  expect(isReported(error)).toBe(false);
  expect(bench.faults).toEqual([]);
});

it.each([
  ["leaves", `process.exit(3);`, "exited", "exit code 3"],
  [
    "lets",
    `setImmediate(() => Promise.reject(new Error("nobody waits for it"))); await never();`,
    "exited",
    "exit code 1",
  ],
  ["crashes", `process.kill(process.pid, "SIGSEGV"); await never();`, "exited", "SIGSEGV"],
])("starts a process again that ended by itself: %s", async (id, code, kind, message) => {
  const other = await load(`${id}-other`, "");
  const parts = await load(id, query(`${id}.now`, code));
  const before = await ask(parts, `${id}.well`);
  expect(await failure(ask(parts, `${id}.now`))).toMatchObject({
    code: "PLUGIN_UNAVAILABLE",
    status: 503,
    retry: "later",
  });
  expect(await ask(other, `${id}-other.well`)).toMatch(/^well/);
  await untilWell(parts, `${id}.well`);
  expect(await ask(parts, `${id}.well`)).not.toBe(before);
  expect(bench.faults).toEqual([{ plugin: id, kind, where: "its process", message }]);
});

it("kills a process that loops forever, while others are answered at once", async () => {
  const other = await load("calm", "");
  const parts = await load("loops", query("loops.now", `for (;;) {}`));
  const lost = failure(ask(parts, "loops.now"));
  let slowest = 0;
  let isOver = false;
  void lost.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const began = performance.now();
    await ask(other, "calm.well");
    slowest = Math.max(slowest, performance.now() - began);
    await sleep(100);
  }
  expect(slowest).toBeLessThan(1000);
  expect(await lost).toMatchObject({ code: "PLUGIN_UNAVAILABLE" });
  await untilWell(parts, "loops.well");
  expect(bench.faults).toMatchObject([{ plugin: "loops", kind: "stuck" }]);
}, 30_000);

it.each([
  ["heap", `const all = []; for (;;) all.push(new Array(1000).fill(Math.random()));`],
  [
    "buffers",
    `globalThis.all = []; for (;;) { globalThis.all.push(Buffer.alloc(8e6, 1)); await new Promise((r) => setTimeout(r, 5)); }`,
  ],
])(
  "kills a process that floods its memory: %s",
  async (id, code) => {
    const parts = await load(id, query(`${id}.flood`, code));
    expect(await failure(ask(parts, `${id}.flood`))).toMatchObject({ code: "PLUGIN_UNAVAILABLE" });
    await untilWell(parts, `${id}.well`);
    expect(bench.faults).toEqual([{ plugin: id, kind: "memory", where: "its process", message: "more than 128 MiB" }]);
  },
  30_000,
);

const toKernel = `const line = process._getActiveHandles().find((one) => one.constructor.name === "Socket" && one.cork);`;

it.each([
  ["garbage", `line.write(Buffer.from([0, 0, 0, 3, 1, 2, 3]));`],
  [
    "unknown",
    `const body = Buffer.from('{"say":1}'); const head = Buffer.alloc(4); head.writeUInt32BE(body.length); line.write(Buffer.concat([head, body]));`,
  ],
  ["endless", `line.write(Buffer.from([255, 255, 255, 255, 1]));`],
  ["hangup", `line.destroy();`],
])("ends a process that says what it must not say: %s", async (id, code) => {
  const parts = await load(id, query(`${id}.now`, `${toKernel} ${code} await never();`));
  expect(await failure(ask(parts, `${id}.now`))).toMatchObject({ code: "PLUGIN_UNAVAILABLE" });
  await untilWell(parts, `${id}.well`);
  expect(bench.faults).toMatchObject([{ plugin: id, kind: "exited" }]);
});

it("answers an answer that is too long with an error", async () => {
  const parts = await load("long", query("long.now", `return "x".repeat(5e6);`));
  await expect(ask(parts, "long.now")).rejects.toThrow("too long");
  expect(await ask(parts, "long.well")).toMatch(/^well/);
});

it("lets a guest neither flood the log nor ask for more than it may at once", async () => {
  bench.logged.length = 0;
  const parts = await load(
    "noisy",
    query(
      "noisy.now",
      `const log = ctx.use(tokenOf("kernel.logger")); for (let i = 0; i < 20000; i += 1) log.info("line " + i);
       process.stdout.write("x".repeat(5e6));
       const store = ctx.use(tokenOf("kernel.store"));
       const ends = await Promise.allSettled(Array.from({ length: 500 }, () => store.get("a")));
       return ends.every((end) => end.status === "rejected");`,
    ),
  );
  expect(await ask(parts, "noisy.now")).toBe(true);
  expect(bench.logged.length).toBeLessThan(300);
});

it.each([
  ["import", `throw new Error("no luck");`, "", "no luck"],
  ["contribute", "", `throw new Error("no luck");`, "no luck"],
  ["exit", `process.exit(4);`, "", "exit code 4"],
  ["syntax", `const = 1;`, "", "Unexpected token"],
  ["shape", "", `to.schedule({ id: 1, cron: "x" });`, "schedules.0.id"],
])("says why a plugin does not start: %s", async (id, before, code, reason) => {
  await expect(bench.load(id, code, { before })).rejects.toThrow(reason);
  await expect(bench.load(id, code, { before })).rejects.toThrow(`${id} cannot be started`);
  expect(bench.guests()).toEqual([]);
  expect(bench.faults).toEqual([]);
});

it("gives up waiting for whoever never answers", async () => {
  const parts = await load(
    "hangs",
    query("hangs.now", `await never();`) +
      `to.provider({ slot: "web", id: "h", title: "H", create: () => ({ kind: "render", audit: () => [], base: () => ({}), render: never }) });`,
  );
  const provider = parts.providers.get("web") as RenderingProvider;
  const [start, route, render] = await Promise.all([
    failure(bench.load("sleeper", "", { before: `await new Promise(() => setInterval(() => {}, 1000));` })),
    failure(ask(parts, "hangs.now")),
    failure(provider.render("a", {}) as unknown as Promise<unknown>),
  ]);
  expect(start).toMatchObject({ message: "sleeper cannot be started: it did not start within 20 s" });
  expect(route).toMatchObject({ code: "PLUGIN_UNAVAILABLE" });
  expect(render).toMatchObject({ name: "ProviderError", kind: "unavailable" });
  expect(bench.faults).toMatchObject([
    { kind: "late", where: "provider web" },
    { kind: "late", where: "hangs.now" },
  ]);
  expect(await ask(parts, "hangs.well")).toMatch(/^well/);
}, 45_000);

it("does not go on with a process that contributes something else than before", async () => {
  const parts = await load("turns", query("turns.now", `process.exit(0);`));
  bench.write("turns", query("turns.other", "return 1;"), valibot);
  await failure(ask(parts, "turns.now"));
  while (bench.faults.length < 2) await sleep(50);
  expect(bench.faults.slice(0, 2)).toMatchObject([
    { kind: "exited" },
    { kind: "start", message: expect.stringContaining("something else than before") },
  ]);
  expect(await failure(ask(parts, "turns.well"))).toMatchObject({ code: "PLUGIN_UNAVAILABLE" });
});
