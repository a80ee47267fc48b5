import {
  type ChangeContext,
  type ChangeOperation,
  type ExecutingProvider,
  type Operation,
  ProviderError,
  type RenderingProvider,
  type TaskContext,
} from "@patchbay/sdk";
import * as v from "valibot";
import { expect, it } from "vitest";
import { toJsonSchema } from "../operations/json-schema.ts";
import { type Parts, partsOf } from "./testing/bench.ts";
import { change, query, tap, task, valibot } from "./testing/samples.ts";
import { ask, context, useBench } from "./testing/use-bench.ts";

const { bench, load } = useBench();
async function perform(parts: Parts, id: string, input: object = {}, more: Partial<ChangeContext> = {}) {
  const operation = parts.operations.get(id) as ChangeOperation<object, unknown>;
  const prepared = await operation.prepare?.(input, context);
  const output = await operation.handle(input, { ...context, ...more } as ChangeContext, prepared);
  return { output, resource: operation.resource?.(input, output) };
}

it("asks operations in the plugin's process, as its own user, with an empty environment and its own schemas", async () => {
  const handle = `return { by: process.getuid(), env: Object.keys(process.env), text: input.text, ann: ctx.principal.username, at: ctx.now };`;
  const parts = await load("ask", query("ask.now", handle));
  const answer = (await ask(parts, "ask.now", { text: "hi" })) as Record<string, unknown>;
  expect(answer).toMatchObject({ env: [], text: "hi", ann: "ann", at: 5 });
  if (process.getuid?.() === 0) expect(answer["by"]).not.toBe(0);
  await expect(ask(parts, "ask.now", { txt: "secret" })).rejects.toMatchObject({
    code: "INVALID_INPUT",
    fields: [{ field: "txt", code: "unknown" }],
  });
  expect(toJsonSchema(parts.operations.get("ask.now")?.input as never)).toMatchObject({
    properties: { text: { type: "string" } },
  });
});

it("runs changes before the transaction and does inside of it what they asked for", async () => {
  const handle = `ctx.note({ seen: prepared }); await ctx.emit({ kind: "notify", id: "done.made" }, { a: 1 });
    ctx.start({ id: "done.work" }, { b: 2 }); return "out";`;
  const more = `prepare: async () => "before", resource: () => "thing:1",`;
  const parts = await load("done", change("done.make", handle, more) + task("done.work", ""));
  const said: unknown[] = [];
  const done = await perform(
    parts,
    "done.make",
    {},
    {
      note: (detail) => void said.push(detail),
      emit: async (hook, payload) => void said.push([hook.id, hook.kind, payload]),
      start: (started, payload) => void said.push([started.id, payload]),
    },
  );
  expect(done).toEqual({ output: "out", resource: "thing:1" });
  expect(said).toEqual([["done.made", "notify", { a: 1 }], { seen: "before" }, ["done.work", { b: 2 }]]);
});

it("lets nobody announce in another plugin's name", async () => {
  const parts = await load(
    "forger",
    change("forger.do", `await ctx.emit({ kind: "notify", id: "plugins.removed" }, 1);`),
  );
  await expect(perform(parts, "forger.do")).rejects.toThrow("may not announce plugins.removed");
});

it("brings panel errors over with all their fields, and anything else as an error of the plugin", async () => {
  const parts = await load(
    "fail",
    query(
      "fail.known",
      `throw new PanelError("NO_LUCK", 409, "No luck.", { fields: [{ field: "a", code: "b", message: "c" }], details: { d: 1 }, retry: "later", retryAfterSeconds: 9 });`,
    ) +
      query("fail.bug", `null.x`) +
      query("fail.read", `await ctx.read.get("select 1")`),
  );
  await expect(ask(parts, "fail.known")).rejects.toMatchObject({
    code: "NO_LUCK",
    status: 409,
    message: "No luck.",
    fields: [{ field: "a", code: "b", message: "c" }],
    details: { d: 1 },
    retry: "later",
    retryAfterSeconds: 9,
  });
  expect(bench().faults.splice(0)).toEqual([]);
  await expect(ask(parts, "fail.bug")).rejects.toThrow("TypeError");
  await expect(ask(parts, "fail.read")).rejects.toThrow("ctx.read needs isolation: kernel");
  expect(bench().faults.splice(0)).toMatchObject([
    { plugin: "fail", kind: "threw", where: "fail.bug", message: expect.stringMatching(/^an error at index\.mjs:\d/) },
    { where: "fail.read" },
  ]);
});

it("looks up the owner by the id a query carries as text", async () => {
  const access = `access: { callers: ["user"], object: { type: "domain", from: "id" } },`;
  const parts = await load(
    "owned",
    `to.operation({ id: "owned.get", method: "GET", audit: "none", summary: "Get", rate: "standard", ${access}
      input: v.strictObject({ id: v.pipe(v.string(), v.transform(Number)) }), output: v.number(), handle: async ({ id }) => id });`,
  );
  const { input } = parts.operations.get("owned.get") as Operation;
  expect(v.parse(input, { id: "12" })).toEqual({ id: 12 });
  for (const id of ["012", "1e2", "x", "-1", ["1"], 1.5]) expect(v.safeParse(input, { id }).success).toBe(false);
  expect(await ask(parts, "owned.get", { id: 12 })).toBe(12);
});

it("passes taps on, with their deadline's end", async () => {
  const parts = await load(
    "taps",
    tap("veto", "a.before", `return payload.no ? { code: "NO", message: "No." } : undefined;`) +
      tap("transform", "a.input", `return { ...payload, more: 1 };`) +
      tap(
        "notify",
        "a.done",
        `return new Promise((_, reject) => ctx.signal.addEventListener("abort", () => { globalThis.ended = true; reject(new Error("over")); }));`,
      ) +
      query("taps.ended", `return globalThis.ended === true;`),
  );
  const run = (hook: string, payload: unknown, signal = AbortSignal.timeout(5000)) =>
    parts.taps.get(hook)?.(payload, { signal });
  expect(await run("a.before", { no: true })).toEqual({ code: "NO", message: "No." });
  expect(await run("a.before", {})).toBeUndefined();
  expect(await run("a.input", { text: "t" })).toEqual({ text: "t", more: 1 });
  await expect(run("a.done", {}, AbortSignal.timeout(50))).rejects.toMatchObject({ name: "TimeoutError" });
  expect(await ask(parts, "taps.ended")).toBe(true);
  expect(bench().faults).toEqual([]);
});

it("asks a rendering provider, and takes nothing from it that is not in the right form", async () => {
  const parts = await load(
    "backend",
    `to.provider({ slot: "web", id: "b", title: "B", default: true, create: () => ({ kind: "render",
      audit: (unit) => unit.odd ? [{ field: "odd", message: "no" }] : [],
      base: (stand) => ({ files: [{ path: "base", content: stand.role }] }),
      render: (key, unit) => key === "bad" ? { files: "none" } : { files: [{ path: key, content: unit.text }] },
      relay: (key, unit, to) => ({ lines: [{ file: "relay", key, line: String(to.http) }] }) }) });`,
  );
  const provider = parts.providers.get("web") as RenderingProvider;
  expect(await provider.audit({ odd: 1 })).toEqual([{ field: "odd", message: "no" }]);
  const stand = { role: "front", ports: { http: 1, https: 2 } } as const;
  expect(await provider.base(stand)).toEqual({ files: [{ path: "base", content: "front" }] });
  expect(await provider.render("k", { text: "t" })).toEqual({ files: [{ path: "k", content: "t" }] });
  expect(await provider.relay?.("k", {}, { http: 81, https: 82 })).toEqual({
    lines: [{ file: "relay", key: "k", line: "81" }],
  });
  expect(provider.generation).toBeUndefined();
  await expect(provider.render("bad", {})).rejects.toMatchObject({ name: "ProviderError", kind: "terminal" });
  expect(bench().faults.splice(0)).toMatchObject([{ kind: "threw", where: "provider web" }]);
});

it("asks an executing provider, whose failures keep their kind", async () => {
  const parts = await load(
    "remote",
    `to.provider({ slot: "dns", id: "r", title: "R", create: () => ({ kind: "execute", audit: () => [],
      execute: async (changes) => { if (changes.length === 0) throw new ProviderError("unavailable", "down", "it said no");
        return new Map(changes.filter((c) => c.unit === null).map((c) => [c.key, new ProviderError("conflict", c.previous.text)])); },
      drifted: async (units) => [...units].map(([key, unit]) => ({ key, wanted: unit.text, actual: null })),
      report: async (key) => ({ key }) }) });`,
  );
  const provider = parts.providers.get("dns") as ExecutingProvider;
  const signal = AbortSignal.timeout(5000);
  const failures = await provider.execute(
    [
      { key: "a", unit: { text: "x" }, previous: undefined },
      { key: "b", unit: null, previous: { text: "was" } },
    ],
    signal,
  );
  expect([...failures]).toEqual([["b", expect.any(ProviderError)]]);
  expect(failures.get("b")).toMatchObject({ kind: "conflict", message: "was" });
  await expect(provider.execute([], signal)).rejects.toMatchObject({ kind: "unavailable", output: "it said no" });
  expect(await provider.drifted(new Map([["a", { text: "x" }]]), signal)).toEqual([
    { key: "a", wanted: "x", actual: null },
  ]);
  expect(await provider.report?.("a", {}, signal)).toEqual({ key: "a" });
  expect(bench().faults).toEqual([]);
});

it("runs tasks that tell how far they are, and schedules", async () => {
  const parts = await load(
    "works",
    `${task(
      "works.long",
      `await ctx.step("one", "done", payload.text); await ctx.progress(0.5);
       const error = new Error("all is as before"); error.name = "Undone"; throw error;`,
    )}to.schedule({ id: "works.tick", cron: "* * * * *", run: async () => { throw new Error("no luck"); } });`,
  );
  const said: unknown[] = [];
  const ctx: TaskContext = {
    operationId: "op",
    signal: AbortSignal.timeout(5000),
    use: () => undefined as never,
    step: async (...step) => void said.push(step),
    progress: async (share) => void said.push(share),
  };
  await expect(parts.tasks.get("works.long")?.run({ text: "hi" }, ctx)).rejects.toMatchObject({ name: "Undone" });
  expect(said).toEqual([["one", "done", "hi"], 0.5]);
  expect(bench().faults).toEqual([]);
  const tick = parts.schedules.get("works.tick");
  await expect(tick?.run(() => undefined as never, ctx.signal)).rejects.toThrow("no luck");
  expect(bench().faults.splice(0)).toMatchObject([{ kind: "threw", where: "works.tick" }]);
});

it("refuses what only a plugin in the kernel's process may contribute", async () => {
  const refused: readonly (readonly [string, string])[] = [
    [`to.migrations([]);`, "a migration"],
    [`to.service({ id: "x", key: Symbol() }, () => 1);`, "a service"],
    [tap("guarded", "accounts.provision", ""), "the guarded tap on accounts.provision"],
    [change("no.add", "", "quota: async () => [],"), "the quota of no.add"],
  ];
  for (const [code, part] of refused) {
    await expect(bench().load("no", code, { before: valibot })).rejects.toThrow(`${part} needs isolation: kernel`);
  }
  expect(bench().guests()).toEqual([]);
});

it("answers many calls at once, and lets those in flight end before it does", async () => {
  const code = query("busy.wait", `await new Promise((r) => setTimeout(r, 200)); return input.text;`);
  const guest = await bench().load("busy", code, { before: valibot });
  const parts = partsOf(guest);
  const began = performance.now();
  const answers = Promise.all(Array.from({ length: 100 }, (_, at) => ask(parts, "busy.wait", { text: `${at}` })));
  const ended = guest.end();
  expect(await answers).toHaveLength(100);
  expect(performance.now() - began).toBeLessThan(3000);
  await ended;
  await expect(ask(parts, "busy.wait")).rejects.toMatchObject({ code: "PLUGIN_UNAVAILABLE", status: 503 });
});
