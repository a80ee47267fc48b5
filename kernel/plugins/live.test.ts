import {
  type Contributions,
  defineHook,
  defineProvider,
  defineQuery,
  defineSlot,
  defineTask,
  executeEach,
  Invoker,
  type OperationContext,
  pluginDisabled,
  pluginEnabled,
  Store,
  token,
} from "@patchbay/sdk";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ToyKernel } from "../testing/toy-kernel.ts";
import type { LoadedPlugin } from "./load.ts";
import { ToyProcesses, toyPlugin } from "./testing/plugins.ts";

let toy: ToyKernel;
let logged: string[];

beforeEach(() => {
  logged = [];
  toy = new ToyKernel({ onLog: (message, { plugin }) => logged.push(`${message}: ${plugin}`) });
});
afterEach(() => toy.destroy());

const answering = (id: string, handle: (ctx: OperationContext) => unknown) => (to: Contributions) =>
  to.operation(
    defineQuery({
      id,
      summary: id,
      access: { callers: ["admin"] },
      rate: "standard",
      input: v.strictObject({}),
      output: v.unknown(),
      handle: async (_input, ctx) => handle(ctx),
    }),
  );

const boot = async (...plugins: readonly LoadedPlugin[]) => {
  await toy.boot(plugins);
  await toy.kernel.start();
};
const states = async () =>
  Object.fromEntries(
    ((await toy.call("plugins.list")) as unknown as { id: string; state: string }[]).map(({ id, state }) => [
      id,
      state,
    ]),
  );
const has = (operation: string) => toy.kernel.generation().operations.has(operation);
const settled = async (condition: () => Promise<boolean> | boolean) => {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not come to that");
};

describe("enabling and disabling", () => {
  it("makes operations, hooks, schedules, tasks and settings vanish and come back, also after a restart", async () => {
    const check = defineHook<"veto", object>("veto", "base.check");
    const notes = toyPlugin("notes", (to) => {
      answering("notes.say", () => "hello")(to);
      to.tap(check, async () => ({ code: "NO", message: "no" }));
      to.schedule({ id: "notes.tick", cron: "* * * * *", run: async () => undefined });
      to.task(defineTask({ id: "notes.work", title: "Work", run: async () => undefined }));
      to.setting({ key: "notes_color", title: "Color", schema: v.string(), default: "red" });
      to.migrations([{ id: "001", up: (db) => db.schema.createTable("notes", (table) => table.increments("id")) }]);
    });
    await boot(notes);
    const seen = () => {
      const { hooks, schedules, settings, tasks } = toy.kernel.generation();
      const ticks = schedules.some(({ schedule }) => schedule.id === "notes.tick");
      return [has("notes.say"), hooks.has(check.id), ticks, tasks.has("notes.work"), settings.has("notes_color")];
    };
    expect(seen()).toEqual([true, true, true, true, true]);
    expect(await toy.call("plugins.disable", { id: "notes" })).toEqual({ id: "notes", state: "disabled" });
    expect(seen()).toEqual([false, false, false, false, false]);
    await boot(notes);
    expect([seen()[0], await states()]).toEqual([false, { notes: "disabled" }]);
    expect(await toy.call("plugins.enable", { id: "notes" })).toEqual({ id: "notes", state: "active" });
    expect([seen(), await toy.call("notes.say")]).toEqual([[true, true, true, true, true], "hello"]);
    await boot(notes);
    expect(await states()).toEqual({ notes: "active" });
  });

  it("applies the migrations and upgrades of a plugin when it is first enabled, before it can be called", async () => {
    const upgraded: string[] = [];
    const notes = toyPlugin("notes", (to) => {
      to.migrations([{ id: "001", up: (db) => db.schema.createTable("notes", (table) => table.increments("id")) }]);
      to.upgrade({ id: "notes.more", run: async () => upgraded.push("notes.more") === 0 });
      answering("notes.count", ({ read }) => read.all("SELECT id FROM notes"))(to);
    });
    await toy.boot([notes]);
    await toy.call("plugins.disable", { id: "notes" });
    await toy.foundation.storage.change(({ db }) => db.raw("DROP TABLE notes"));
    await toy.foundation.storage.change(({ db }) => db("migrations").where({ owner: "notes" }).delete());
    await boot(notes);
    expect(upgraded).toEqual([]);
    await toy.call("plugins.enable", { id: "notes" });
    expect([await toy.call("notes.count"), upgraded]).toEqual([[], ["notes.more"]]);
  });

  it("refuses to take out what another requires, and says who", async () => {
    await boot(toyPlugin("base"), toyPlugin("more", undefined, { requires: ["base"] }));
    await expect(toy.call("plugins.disable", { id: "base" })).rejects.toMatchObject({
      code: "PLUGIN_IN_USE",
      status: 409,
      details: { uses: ["more requires it"] },
    });
    await toy.call("plugins.disable", { id: "more" });
    await toy.call("plugins.disable", { id: "base" });
    await expect(toy.call("plugins.enable", { id: "more" })).rejects.toMatchObject({
      code: "PLUGIN_REFUSED",
      details: { problems: ["more requires base, which is disabled"] },
    });
    await toy.call("plugins.enable", { id: "base" });
    expect(await toy.call("plugins.enable", { id: "more" })).toMatchObject({ state: "active" });
  });

  it("refuses to take out the backend that serves, and the one units are assigned to", async () => {
    const backend = (id: string) =>
      toyPlugin(`names-${id}`, (to) => {
        const nothing = { apply: async () => undefined, remove: async () => undefined };
        const provider = {
          kind: "execute",
          audit: () => [],
          execute: executeEach(nothing),
          drifted: async () => [],
        } as const;
        to.provider(defineProvider({ slot: "names", id, title: id, default: id === "one", create: () => provider }));
      });
    const names = toyPlugin("names", (to) =>
      to.slot(
        defineSlot({
          id: "names",
          title: "Names",
          option: "names_server",
          unit: v.strictObject({}),
          after: [],
          load: async (_read, keys) => new Map(keys.map((key) => [key, {}])),
          keys: async (_read, after) => ["a", "b"].filter((key) => key > after),
          assigned: async () => new Map([["b", "two"]]),
        }),
      ),
    );
    await boot(names, backend("one"), backend("two"), backend("zzz"));
    const uses = (id: string) => toy.call("plugins.disable", { id }).catch((error) => error.details.uses);
    expect(await uses("names-one")).toEqual(["it serves Names"]);
    expect(await uses("names-two")).toEqual(["units of Names are assigned to it"]);
    const ports = () =>
      toy.kernel
        .generation()
        .slots.get("names")
        ?.candidates.map(({ id, sidePorts }) => [id, sidePorts.http]);
    const before = ports();
    await toy.call("plugins.disable", { id: "names-zzz" });
    expect(ports()).toEqual(before?.slice(0, 2));
    await toy.call("plugins.enable", { id: "names-zzz" });
    expect(ports()).toEqual(before);
  });

  it("changes nothing when the plugin does not fit, and names every reason", async () => {
    const twice = toyPlugin("twice", (to) => {
      answering("base.say", () => 2)(to);
      to.operation({ id: "nonsense" } as never);
    });
    await boot(
      toyPlugin(
        "base",
        answering("base.say", () => 1),
      ),
      twice,
    );
    expect(await states()).toEqual({ base: "active", twice: "broken" });
    const generation = toy.kernel.generation();
    await expect(toy.call("plugins.enable", { id: "twice" })).rejects.toMatchObject({
      code: "PLUGIN_REFUSED",
      status: 409,
    });
    expect(toy.kernel.generation()).toBe(generation);
    expect(await toy.call("base.say")).toBe(1);
  });

  it("does nothing in a dry run, and is an admin's", async () => {
    await boot(
      toyPlugin(
        "notes",
        answering("notes.say", () => 1),
      ),
    );
    const operation = toy.kernel.generation().operations.get("plugins.disable");
    const principal = {
      userId: 1,
      username: "a",
      role: "admin",
      via: "session",
      scopes: null,
      suspended: false,
    } as never;
    await toy.kernel.run({ operation: operation as never, principal, raw: { id: "notes" }, dryRun: true });
    expect([has("notes.say"), await states()]).toEqual([true, { notes: "active" }]);
    for (const id of ["enable", "disable", "reload", "remove", "list", "info", "doctor"]) {
      await expect(toy.call(`plugins.${id}`, { id: "notes" }, "reseller")).rejects.toMatchObject({ status: 403 });
    }
    await expect(toy.call("plugins.enable", { id: "ghost" })).rejects.toMatchObject({ status: 404 });
    await expect(toy.call("plugins.remove", { id: "notes" })).rejects.toMatchObject({ code: "PLUGIN_BUNDLED" });
  });

  it("tells those who listen", async () => {
    const told: unknown[] = [];
    const ear = toyPlugin("ear", (to) => {
      to.tap(pluginDisabled, async (event) => void told.push(["off", event]));
      to.tap(pluginEnabled, async (event) => void told.push(["on", event]));
    });
    await boot(ear, toyPlugin("notes"));
    await toy.call("plugins.disable", { id: "notes" });
    await toy.call("plugins.enable", { id: "notes" });
    await settled(() => told.length === 2);
    const event = { plugin: "notes", version: "1.0.0", source: "bundled" };
    expect(told).toEqual([
      ["off", event],
      ["on", event],
    ]);
  });
});

describe("a call that has begun", () => {
  it("ends on the generation it began with: its handler, hooks and services, also of a plugin that leaves meanwhile", async () => {
    const Word = token<string>("test.word");
    const gate = { open: (): void => undefined, reached: (): void => undefined };
    const opened = new Promise<void>((resolve) => {
      gate.open = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      gate.reached = resolve;
    });
    const words = toyPlugin("words", (to) => to.service(Word, () => "a word"));
    const inner = toyPlugin(
      "inner",
      answering("inner.say", () => "inner"),
    );
    const slow = toyPlugin(
      "slow",
      answering("slow.say", async (ctx) => {
        gate.reached();
        await opened;
        const said = await ctx.use(Invoker).invoke("inner.say", {}, ctx.principal);
        return [ctx.find(Word), said];
      }),
    );
    await boot(words, inner, slow);
    const answer = toy.call("slow.say");
    await reached;
    for (const id of ["words", "inner", "slow"]) await toy.call("plugins.disable", { id });
    expect([has("inner.say"), has("slow.say")]).toEqual([false, false]);
    gate.open();
    expect(await answer).toEqual(["a word", "inner"]);
  });
});

describe("a plugin in a process of its own", () => {
  const guest = (id: string, contribute?: (to: Contributions) => void) =>
    toyPlugin(id, contribute, { isolation: "process" });

  it("is started when it is enabled and ended when the last call on its generation has ended", async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const plugins = [
      guest(
        "apart",
        answering("apart.say", () => opened),
      ),
      toyPlugin("notes"),
    ];
    const processes = new ToyProcesses(plugins);
    await toy.destroy();
    toy = new ToyKernel({ processes });
    await boot(...plugins);
    expect(processes.said).toEqual(["start apart 1"]);
    const answer = toy.call("apart.say");
    await toy.call("plugins.disable", { id: "notes" });
    await toy.call("plugins.reload", { id: "apart" });
    expect(processes.said).toEqual(["start apart 1", "start apart 2"]);
    open();
    await answer;
    await settled(() => processes.said.includes("end apart 1"));
    await toy.call("plugins.disable", { id: "apart" });
    await settled(() => processes.said.includes("end apart 2"));
    await toy.stop();
    expect(processes.said.slice(-1)).toEqual(["close"]);
  });

  it("is ended again when it is refused, and quarantined when it does not start with the panel", async () => {
    const collides = guest(
      "apart",
      answering("notes.say", () => 2),
    );
    const processes = new ToyProcesses([collides]);
    await toy.destroy();
    toy = new ToyKernel({ processes });
    await boot(
      collides,
      toyPlugin(
        "notes",
        answering("notes.say", () => 1),
      ),
      guest("dead"),
    );
    await settled(() => processes.said.includes("end apart 1"));
    expect(await states()).toEqual({ apart: "broken", dead: "quarantined", notes: "active" });
    await expect(toy.call("plugins.enable", { id: "apart" })).rejects.toMatchObject({ code: "PLUGIN_REFUSED" });
    await settled(() => processes.said.includes("end apart 2"));
    await expect(toy.call("plugins.enable", { id: "dead" })).rejects.toMatchObject({ code: "PLUGIN_REFUSED" });
    expect((await toy.call("plugins.info", { id: "dead" }))["reason"]).toContain("does not answer");
  });
});

describe("a plugin that is broken at the start", () => {
  it("keeps neither the panel nor the others from starting, takes along what requires it, and is named", async () => {
    const throws = toyPlugin("throws", () => {
      throw new Error("no luck");
    });
    const collides = toyPlugin(
      "wares",
      answering("notes.say", () => 2),
    );
    const torn = toyPlugin("torn", (to) => {
      to.migrations([{ id: "001", up: () => Promise.reject(new Error("no table")) }]);
    });
    const zebra = toyPlugin("zebra", (to) => {
      to.migrations([{ id: "001", up: (db) => db.schema.createTable("stripes", (table) => table.increments("id")) }]);
    });
    const needy = toyPlugin("needy", undefined, { requires: ["throws"] });
    const lost = toyPlugin("lost", undefined, { requires: ["nowhere"] });
    await boot(
      zebra,
      throws,
      needy,
      torn,
      lost,
      collides,
      toyPlugin(
        "notes",
        answering("notes.say", () => 1),
      ),
    );
    expect(await states()).toEqual({
      lost: "broken",
      needy: "broken",
      notes: "active",
      throws: "broken",
      torn: "broken",
      wares: "broken",
      zebra: "active",
    });
    expect(await toy.foundation.storage.read.all("SELECT id FROM stripes")).toEqual([]);
    expect(await toy.call("notes.say")).toBe(1);
    const found = (await toy.call("plugins.doctor")) as unknown as { plugin: string; level: string; what: string }[];
    const errors = Object.fromEntries(
      found.filter(({ level }) => level === "error").map(({ plugin, what }) => [plugin, what]),
    );
    expect(errors).toEqual({
      throws: "throws failed to contribute: no luck",
      needy: "needy requires throws, which cannot be loaded",
      torn: expect.stringContaining("torn could not be brought up to date"),
      lost: "lost requires nowhere, which is not there",
      wares: expect.stringContaining("/api/notes/say is declared twice"),
    });
    expect(logged).toContain("a plugin cannot be loaded: throws");
  });

  it("brings along what waited for it when it is mended", async () => {
    let luck = false;
    const base = toyPlugin("base", () => {
      if (!luck) throw new Error("no luck");
    });
    await boot(
      base,
      toyPlugin(
        "more",
        answering("more.say", () => 1),
        { requires: ["base"] },
      ),
    );
    expect(await states()).toEqual({ base: "broken", more: "broken" });
    luck = true;
    await toy.call("plugins.enable", { id: "base" });
    expect(await states()).toEqual({ base: "active", more: "active" });
    expect(await toy.call("more.say")).toBe(1);
  });
});

describe("a plugin that keeps failing", () => {
  const failing = answering("bad.say", () => {
    throw new TypeError("S3CRET");
  });

  it("is degraded, then quarantined, and the panel goes on; an admin may enable it again", async () => {
    await boot(
      toyPlugin("bad", failing),
      toyPlugin(
        "notes",
        answering("notes.say", () => 1),
      ),
    );
    const fail = async (times: number) => {
      for (let i = 0; i < times; i++) await toy.call("bad.say").catch(() => undefined);
    };
    await fail(5);
    expect(await states()).toEqual({ bad: "degraded", notes: "active" });
    await fail(5);
    await settled(async () => (await states())["bad"] === "quarantined");
    expect([has("bad.say"), await toy.call("notes.say")]).toEqual([false, 1]);
    const info = (await toy.call("plugins.info", { id: "bad" })) as unknown as { reason: string };
    expect(info.reason).toMatch(
      /failed 10 times within 120 s, the last time at bad\.say: TypeError at .*live\.test\.ts:\d+/,
    );
    const faults = async () => (await toy.call("plugins.info", { id: "bad" }))["faults"] as unknown as object[];
    await settled(async () => (await faults()).length === 10);
    expect(logged).toContain("a plugin keeps failing: bad");
    expect(logged).toContain("a plugin was quarantined: bad");
    const kept = await toy.foundation.storage.read.all("SELECT * FROM plugin_faults");
    expect(JSON.stringify([kept, info])).not.toContain("S3CRET");
    await boot(toyPlugin("bad", failing));
    expect(await states()).toEqual({ bad: "quarantined" });
    await toy.call("plugins.enable", { id: "bad" });
    expect(await states()).toEqual({ bad: "active" });
  });

  it("stays, degraded, while another requires it", async () => {
    await boot(toyPlugin("bad", failing), toyPlugin("needy", undefined, { requires: ["bad"] }));
    for (let i = 0; i < 12; i++) await toy.call("bad.say").catch(() => undefined);
    await settled(() => logged.includes("a plugin keeps failing and cannot be taken out: bad"));
    expect(await states()).toEqual({ bad: "degraded", needy: "active" });
  });

  it("is blamed once for what passes through others, and nobody for what is refused", async () => {
    const outer = toyPlugin(
      "outer",
      answering("outer.say", (ctx) => ctx.use(Invoker).invoke("bad.say", {}, ctx.principal)),
    );
    await boot(toyPlugin("bad", failing), outer);
    for (let i = 0; i < 3; i++) await toy.call("outer.say").catch(() => undefined);
    await toy.call("plugins.enable", { id: "ghost" }).catch(() => undefined);
    const counts = () =>
      toy.foundation.storage.read.all("SELECT plugin, count(*) AS n FROM plugin_faults GROUP BY plugin");
    await settled(async () => JSON.stringify(await counts()) === JSON.stringify([{ plugin: "bad", n: 3 }]));
  });
});

it("gives each plugin documents of its own, which outlast a restart", async () => {
  const keeper = (id: string) =>
    toyPlugin(id, (to) => {
      answering(`${id}.put`, (ctx) => ctx.use(Store).put("k", { from: id }))(to);
      answering(`${id}.get`, (ctx) => ctx.use(Store).get("k"))(to);
    });
  const plugins = [keeper("one"), keeper("two")];
  await boot(...plugins);
  await toy.call("one.put");
  await boot(...plugins);
  expect([await toy.call("one.get"), (await toy.call("two.get")) ?? null]).toEqual([{ from: "one" }, null]);
});
