import {
  definePlugin,
  defineProvider,
  defineQuery,
  defineSlot,
  executeEach,
  type Plugin,
  PluginSettings,
  type Setting,
  Vault,
} from "@patchbay/sdk";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LoadedPlugin } from "./plugins/load.ts";
import { toyPlugin } from "./plugins/testing/plugins.ts";
import { ToyKernel } from "./testing/toy-kernel.ts";

let toy: ToyKernel;
/** What is "installed" is there: its binary is this machine's node, or no file. */
let bindIsThere: boolean;

const settings: readonly Setting[] = [
  { key: "base_url", title: "Address", default: "https://api.test", schema: v.pipe(v.string(), v.trim(), v.url()) },
  { key: "api_token", title: "API token", default: "", secret: true, schema: v.pipe(v.string(), v.minLength(5)) },
];

/** Answers what this plugin's own services are. */
const own = (id: string): Plugin =>
  definePlugin((to) => {
    for (const setting of settings) to.pluginSetting(setting);
    to.operation(
      defineQuery({
        id: `${id}.own`,
        summary: id,
        access: { callers: ["admin"] },
        rate: "standard",
        input: v.strictObject({ sealed: v.optional(v.string()) }),
        output: v.strictObject({ token: v.string(), sealed: v.string(), derived: v.string() }),
        handle: async ({ sealed }, ctx) => {
          const vault = ctx.use(Vault);
          return {
            token: ctx.use(PluginSettings).get("api_token"),
            sealed: sealed === undefined ? vault.seal("x", "S3ALED") : vault.open("x", sealed),
            derived: Buffer.from(vault.derive("x")).toString("hex"),
          };
        },
      }),
    );
  });

const names = definePlugin((to) => {
  to.slot(
    defineSlot({
      id: "names",
      title: "Names",
      option: "names_server",
      unit: v.strictObject({}),
      after: [],
      load: async () => new Map(),
      keys: async () => [],
    }),
  );
});

const backend = (id: string): Plugin =>
  definePlugin((to) => {
    const nothing = { apply: async () => undefined, remove: async () => undefined };
    const create = () =>
      ({ kind: "execute", audit: () => [], execute: executeEach(nothing), drifted: async () => [] }) as const;
    to.provider(defineProvider({ slot: "names", id, title: id, default: id === "bind", create }));
  });

function loaded(id: string, plugin: Plugin, binary = process.execPath): LoadedPlugin {
  return { ...toyPlugin(id, undefined, { packages: [{ apt: "x", binary, reason: "x" }] }), plugin };
}

async function boot(): Promise<void> {
  await toy.boot([
    loaded("first", own("first")),
    loaded("second", own("second")),
    loaded("names", names),
    loaded("names-bind", backend("bind"), bindIsThere ? process.execPath : "/nowhere/named"),
    loaded("names-remote", backend("remote")),
  ]);
}

beforeEach(async () => {
  toy = new ToyKernel();
  bindIsThere = false;
  await boot();
});

afterEach(() => toy.destroy());

const call: ToyKernel["call"] = (...args) => toy.call(...args);

describe("plugin settings", () => {
  it("are shown with a schema for a form, and secrets never", async () => {
    await call("plugins.save-settings", { id: "first", values: { api_token: "S3CRET" } });
    expect(await call("plugins.settings", { id: "first" })).toEqual({
      id: "first",
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
      values: { base_url: "https://api.test", api_token: "***" },
      schema: {
        type: "object",
        additionalProperties: false,
        properties: {
          base_url: expect.objectContaining({ type: "string", title: "Address", default: "https://api.test" }),
          api_token: { type: "string", minLength: 5, title: "API token", writeOnly: true },
        },
      },
    });
  });

  it("reach the plugin they were saved for, also after a restart, and are sealed in the database", async () => {
    expect(await call("plugins.save-settings", { id: "first", values: { api_token: "S3CRET" } })).toEqual({
      id: "first",
    });
    await call("plugins.save-settings", { id: "first", values: { api_token: "***", base_url: " https://b.test " } });
    expect([await call("first.own"), await call("second.own")]).toMatchObject([{ token: "S3CRET" }, { token: "" }]);
    for (const table of ["settings", "undo_log", "audit_log", "operations", "jobs"]) {
      expect(JSON.stringify(await toy.foundation.storage.read.all(`SELECT * FROM ${table}`))).not.toContain("S3CRET");
    }
    await boot();
    expect(await call("first.own")).toMatchObject({ token: "S3CRET" });
    expect((await call("plugins.settings", { id: "first" }))["values"]).toMatchObject({ base_url: "https://b.test" });
  });

  it("leave a record of what was saved by whom, without the values", async () => {
    await call("plugins.save-settings", { id: "first", values: { api_token: "S3CRET", base_url: "https://b.test" } });
    const { items } = await toy.kernel.audit.query(toy.foundation.storage.read, { page: 1, perPage: 10 });
    expect(items[0]).toMatchObject({
      action: "plugins.save-settings",
      resource: "plugin:first",
      detail: { id: "first", values: "***", keys: ["api_token", "base_url"] },
    });
    expect(JSON.stringify(items)).not.toMatch(/S3CRET|b\.test/);
  });

  it("are an admin's, and are refused by field without repeating what was sent", async () => {
    for (const role of ["user", "reseller"] as const) {
      await expect(call("plugins.settings", { id: "first" }, role)).rejects.toMatchObject({ status: 403 });
      await expect(call("plugins.save-settings", { id: "first", values: {} }, role)).rejects.toMatchObject({
        status: 403,
      });
    }
    await expect(call("plugins.settings", { id: "ghost" })).rejects.toMatchObject({ status: 404 });
    await expect(call("plugins.save-settings", { id: "ghost", values: {} })).rejects.toMatchObject({ status: 404 });
    const values = { api_token: "shrt", color: "p1nk" };
    const refused = await call("plugins.save-settings", { id: "first", values }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      status: 400,
      fields: [{ field: "values.api_token" }, { field: "values.color", code: "unknown" }],
    });
    expect(JSON.stringify(refused)).not.toMatch(/shrt|p1nk/);
  });
});

it("gives each plugin a vault that no other opens", async () => {
  const [first, second] = [await call("first.own"), await call("second.own")];
  expect(await call("first.own", { sealed: first["sealed"] })).toMatchObject({ sealed: "S3ALED" });
  await expect(call("second.own", { sealed: first["sealed"] })).rejects.toThrow();
  expect(first["derived"]).not.toBe(second["derived"]);
});

it("writes down at the first start what serves a slot, so that a package installed later changes nothing", async () => {
  const saved = () => toy.foundation.storage.read.all("SELECT key, value FROM settings");
  expect(await saved()).toEqual([]);
  await toy.kernel.start();
  expect(await saved()).toEqual([{ key: "names_server", value: "remote" }]);
  bindIsThere = true;
  await boot();
  await toy.kernel.start();
  expect(await saved()).toEqual([{ key: "names_server", value: "remote" }]);
  const chosen = toy.kernel.generation().slots.get("names")?.chosen();
  expect(chosen).toMatchObject({ id: "remote" });
});
