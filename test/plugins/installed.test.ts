import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";

let panel: TestInstance;
let admin: Client;
beforeAll(async () => {
  panel = await TestInstance.start();
  admin = await panel.admin();
}, 60_000);
afterAll(async () => {
  admin?.close();
  await panel?.destroy();
}, 30_000);

/** A version of a plugin as its author has it. */
function author(version: string, says: string, manifest: object = {}): string {
  const dir = join(panel.dir, "hello");
  mkdirSync(dir, { recursive: true });
  chmodSync(dir, 0o755);
  const patchbay = { id: "hello", title: "Hello", sdk: "^1.0.0", ...manifest };
  const facts = { name: "patchbay-plugin-hello", version, type: "module", main: "index.js", patchbay };
  writeFileSync(join(dir, "package.json"), JSON.stringify(facts));
  writeFileSync(
    join(dir, "index.js"),
    `import { defineQuery, definePlugin, Store } from "@patchbay/sdk";
     import * as v from "@patchbay/sdk/valibot";
     const common = { summary: "x", access: { callers: ["admin"] }, rate: "standard", input: v.strictObject({}) };
     export default definePlugin((to) => {
       to.pluginSetting({ key: "color", title: "Color", schema: v.string(), default: "red" });
       to.operation(defineQuery({ ...common, id: "hello.say", output: v.string(), handle: async (_, ctx) => {
         await ctx.use(Store).put("said", "${says}");
         return "${says}";
       } }));
       to.operation(defineQuery({ ...common, id: "hello.keys", output: v.array(v.string()), handle: (_, ctx) => ctx.use(Store).keys("") }));
     });`,
  );
  return dir;
}

const ask = async (action: string, body: object) => {
  const answer = await admin.post(`plugins/${action}`, body);
  return [answer.status, answer.body.code ?? answer.body.data.state];
};
const take = async (source: string) => {
  expect(await ask("install", { source, allow_unsigned: true })).toEqual([200, undefined]);
};
const says = async () => (await admin.get("hello/say")).body.data;

it.each(["process", "kernel"])(
  "is there from its approval to its removal, and nothing of it after that (%s)",
  async (isolation) => {
    await take(author("1.0.0", "one", { isolation }));
    expect(await ask("enable", { id: "hello" })).toEqual([409, "PLUGIN_UNAPPROVED"]);
    expect(await ask("approve", { id: "hello" })).toEqual([200, undefined]);
    expect(await ask("enable", { id: "hello" })).toEqual([200, "active"]);
    expect(await says()).toBe("one");
    expect(await ask("save-settings", { id: "hello", values: { color: "blue" } })).toEqual([200, undefined]);
    await panel.stop();
    await panel.up();
    expect([await says(), (await admin.get("hello/keys")).body.data]).toEqual(["one", ["said"]]);
    expect(await ask("remove", { id: "hello" })).toEqual([200, undefined]);
    expect([(await admin.get("hello/say")).status, (await admin.get("plugins/info", { id: "hello" })).status]).toEqual([
      404, 404,
    ]);
    expect(existsSync(join(panel.data, "plugins/hello"))).toBe(false);
    expect(panel.processes().filter(({ command }) => command.includes("isolation/guest"))).toEqual([]);
    await take(author("1.0.0", "one", { isolation: "process" }));
    for (const action of ["approve", "enable"]) await ask(action, { id: "hello" });
    const settings = (await admin.get("plugins/settings", { id: "hello" })).body.data.values;
    expect([settings, (await admin.get("hello/keys")).body.data]).toEqual([{ color: "red" }, []]);
    expect((await admin.get("plugins/info", { id: "hello" })).body.data.faults).toEqual([]);
    await ask("remove", { id: "hello" });
    expect(panel.output).not.toContain("a plugin failed");
  },
  60_000,
);

it("runs its new version at once when that asks for nothing more", async () => {
  await take(author("1.0.0", "one"));
  for (const action of ["approve", "enable"]) await ask(action, { id: "hello" });
  await take(author("1.1.0", "two"));
  expect([await says(), (await admin.get("plugins/info", { id: "hello" })).body.data.version]).toEqual([
    "two",
    "1.1.0",
  ]);
  await ask("remove", { id: "hello" });
}, 60_000);
