import { existsSync } from "node:fs";
import { HostInfo, Invoker, PluginSettings, type Setting, Store, Vault } from "@patchbay/sdk";
import * as v from "valibot";
import { expect, it } from "vitest";
import { Bench, partsOf } from "./testing/bench.ts";
import { query, valibot } from "./testing/samples.ts";
import { ask, useBench } from "./testing/use-bench.ts";

const { bench, load } = useBench();

it("gives a plugin the services it may have and refuses the others in clear words", async () => {
  const kept = new Map<string, unknown>();
  bench().give(Store, {
    get: async (key) => kept.get(key) as never,
    put: async (key, value) => void kept.set(key, value),
    delete: async (key) => void kept.delete(key),
    keys: async (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)),
  });
  bench().give(Vault, { seal: () => "", open: () => "", derive: () => new Uint8Array(32).fill(3) });
  bench().give(HostInfo, { address: "127.0.0.1" } as HostInfo);
  const parts = await load(
    "serves",
    query(
      "serves.all",
      `const store = ctx.use(tokenOf("kernel.store")); await store.put("a", { b: 1 });
       const vault = ctx.use(tokenOf("kernel.vault")); const sealed = vault.seal("c", "text");
       ctx.use(tokenOf("kernel.logger")).warn("hello", { a: 1 });
       return { kept: await store.get("a"), keys: await store.keys(""), open: vault.open("c", sealed), host: ctx.use(tokenOf("kernel.host-info")).address, none: ctx.find(tokenOf("kernel.users")) === undefined };`,
    ) + query("serves.users", `ctx.use(tokenOf("kernel.users"));`),
  );
  expect(await ask(parts, "serves.all")).toEqual({
    kept: { b: 1 },
    keys: ["a"],
    open: "text",
    host: "127.0.0.1",
    none: true,
  });
  expect(bench().logged).toContain('hello {"a":1,"plugin":"serves"}');
  await expect(ask(parts, "serves.users")).rejects.toThrow("the service kernel.users needs isolation: kernel");
  bench().faults.length = 0;
});

it("calls operations for its caller, or in its own name, where that was granted, and for nobody else", async () => {
  const calls: unknown[] = [];
  bench().give(Invoker, {
    invoke: async (operation, input, { username, role }) => {
      calls.push([operation, input, username, role]);
      return "done";
    },
  });
  const own = `{ role: "system", via: "system", userId: null, username: "x" }`;
  const invoke = (what: string, who: string) =>
    `return ctx.use(tokenOf("kernel.invoker")).invoke("${what}", { a: 1 }, ${who});`;
  const parts = await load(
    "bridge",
    query("bridge.caller", invoke("domains.list", "ctx.principal")) +
      query("bridge.other", invoke("domains.list", `{ ...ctx.principal, userId: 1 }`)) +
      query("bridge.own", invoke("accounts.list", own)) +
      query("bridge.more", invoke("accounts.delete", own)) +
      query("bridge.forCaller", invoke("accounts.delete", "ctx.principal")),
    { grants: { services: {}, tree: false, invoke: ["accounts.list", "domains.list"] } },
  );
  expect(await ask(parts, "bridge.caller")).toBe("done");
  expect(await ask(parts, "bridge.own")).toBe("done");
  await expect(ask(parts, "bridge.other")).rejects.toThrow("calls for its own caller");
  for (const id of ["bridge.more", "bridge.forCaller"])
    await expect(ask(parts, id)).rejects.toThrow("list it in grants.invoke");
  expect(calls).toEqual([
    ["domains.list", { a: 1 }, "ann", "admin"],
    ["accounts.list", { a: 1 }, "plugin:bridge", "system"],
  ]);
  bench().faults.length = 0;
});

it("knows the plugin's settings as they are now, and checks new ones by their description", async () => {
  const values = new Map([["colour", "red"]]);
  bench().give(PluginSettings, { get: (key) => values.get(key) ?? "" });
  const parts = await load(
    "set",
    `to.pluginSetting({ key: "colour", title: "Colour", default: "blue", schema: v.picklist(["red", "green"]) });
     to.pluginSetting({ key: "name", title: "Name", default: "", secret: true, schema: v.pipe(v.string(), v.regex(/^[a-z]*$/), v.maxLength(5)) });` +
      query("set.get", `return ctx.use(tokenOf("kernel.plugin-settings")).get("colour");`),
  );
  expect(await ask(parts, "set.get")).toBe("red");
  values.set("colour", "green");
  expect(await ask(parts, "set.get")).toBe("green");
  const accepts = (key: string, text: string) => v.safeParse((parts.settings.get(key) as Setting).schema, text).success;
  expect([accepts("colour", "red"), accepts("colour", "mauve")]).toEqual([true, false]);
  expect([accepts("name", "abc"), accepts("name", "ABC"), accepts("name", "abcdef")]).toEqual([true, false, false]);
  expect(parts.settings.get("name")).toMatchObject({ secret: true });
});

it("keeps a plugin's process from the files of the panel", async () => {
  const secret = `${bench().rig.dataDir}/helper/epoch`;
  expect(existsSync(secret)).toBe(true);
  const parts = await load("nosy", query("nosy.look", `return readFileSync(${JSON.stringify(secret)}, "utf8");`));
  if (process.getuid?.() === 0) await expect(ask(parts, "nosy.look")).rejects.toThrow("EACCES");
  bench().faults.length = 0;
});

it.runIf(process.getuid?.() === 0)("runs without root too, kept in by Node", async () => {
  const confined = await Bench.open(54_321);
  try {
    const code = query("bare.look", `return readFileSync("/etc/hostname", "utf8");`) + query("bare.well", `return 1;`);
    const guest = await confined.load("bare", code, { before: valibot });
    const parts = partsOf(guest);
    expect(await ask(parts, "bare.well")).toBe(1);
    await expect(ask(parts, "bare.look")).rejects.toThrow("Access to this API has been restricted");
    await guest.end();
    expect(confined.guests()).toEqual([]);
  } finally {
    await confined.close();
  }
});
