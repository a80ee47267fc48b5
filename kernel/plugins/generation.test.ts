import { type Contributions, defineHook, defineQuery, defineTask, type Operation, token } from "@patchbay/sdk";
import * as v from "valibot";
import { expect, it } from "vitest";
import { Container } from "../di/container.ts";
import { buildGeneration } from "./generation.ts";
import type { LoadedPlugin } from "./load.ts";
import { toyPlugin } from "./testing/plugins.ts";

const Greeting = token<string>("test.greeting");
const Own = token<string>("test.own");

const operation = (id: string, more: Partial<Operation> = {}): Operation =>
  ({
    ...defineQuery({
      id,
      summary: id,
      access: { callers: ["admin"] },
      rate: "standard",
      input: v.strictObject({}),
      output: v.string(),
      handle: async (_input, ctx) => ctx.use(Greeting),
    }),
    ...more,
  }) as Operation;

function build(...plugins: LoadedPlugin[]) {
  const root = new Container();
  return buildGeneration({
    plugins,
    root,
    sharedServices: () => undefined,
    ownServices: (own, id) => own.value(Own, `own of ${id}`),
    known: [],
    operations: [],
    migrations: [],
    schedules: [],
    tasks: [],
    ports: { http: 80, https: 443 },
    chosen: () => undefined,
    isInstalled: () => true,
    onThrown: () => {},
  });
}

it("lets plugins find the services others publish, each made once and on first use", () => {
  let made = 0;
  const generation = build(
    toyPlugin("one", (to) => {
      to.service(Greeting, () => {
        made += 1;
        return "hello";
      });
    }),
    toyPlugin("two", (to) => to.operation(operation("two.say"))),
  );
  expect(made).toBe(0);
  expect(generation.servicesFor("two.say").use(Greeting)).toBe("hello");
  expect(generation.servicesFor("two.say").find(Greeting)).toBe("hello");
  expect(made).toBe(1);
  expect(generation.servicesFor("two.say").find(token("test.nobody"))).toBeUndefined();
});

it("gives each plugin services of its own, also in tasks and settings", () => {
  const setting = { key: "token", title: "Token", schema: v.string(), default: "" };
  const generation = build(
    toyPlugin("one", (to) => {
      to.pluginSetting(setting);
      to.task(defineTask({ id: "one.work", title: "Work", run: async () => undefined }));
    }),
    toyPlugin("two", (to) => {
      to.pluginSetting(setting);
      to.operation(operation("two.say"));
    }),
    toyPlugin("three", () => undefined),
  );
  expect(generation.tasks.get("one.work")).toMatchObject({ plugin: "one", task: { title: "Work" } });
  expect(generation.tasks.get("one.work")?.use(Own)).toBe("own of one");
  expect(generation.servicesFor("two.say").use(Own)).toBe("own of two");
  const keys = [...generation.pluginSettings].map(([id, settings]) => [id, [...settings.keys()]]);
  expect(keys).toEqual([
    ["one", ["token"]],
    ["two", ["token"]],
    ["three", []],
  ]);
});

it("names everything that does not fit together, and whose it is", () => {
  const meter = { id: "notes", count: async () => 0 };
  const limits = { limit: async () => null };
  const start = () =>
    build(
      toyPlugin("one", (to) => {
        to.operation(operation("notes.list"));
        to.meter(meter);
        to.limits(limits);
      }),
      toyPlugin("two", (to) => {
        to.operation(operation("notes.list"));
        to.operation(operation("notes.get", { access: { callers: ["admin"], object: { type: "note", from: "id" } } }));
        to.meter(meter);
        to.limits(limits);
        for (const title of ["First", "Second"]) {
          to.pluginSetting({ key: "token", title, schema: v.string(), default: "" });
          to.task({ id: "two.work", title, run: async () => undefined });
        }
      }),
      toyPlugin("three", () => {
        throw new Error("no luck");
      }),
    );
  expect(start).toThrow("/api/notes/list is declared twice");
  expect(start).toThrow("meter notes is declared twice, the second time by two");
  expect(start).toThrow("the limit source is declared by one and two");
  expect(start).toThrow("setting of two token is declared twice, the second time by two");
  expect(start).toThrow("task two.work is declared twice");
  expect(start).toThrow("three failed to contribute: no luck");
});

it("refuses an ownership rule about an object nobody declares", () => {
  const rule = { access: { callers: ["admin"], object: { type: "note", from: "id" } } } as Partial<Operation>;
  expect(() => build(toyPlugin("one", (to) => to.operation(operation("notes.get", rule))))).toThrow(
    "notes.get names the unknown object note",
  );
});

it("refuses taps in an impossible order", () => {
  const hook = defineHook<"guarded", null>("guarded", "notes.check");
  const late = (to: Contributions) => to.tap(hook, async () => undefined, { after: ["nobody"] });
  expect(() => build(toyPlugin("one", late))).toThrow("nobody");
});
