import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Setting } from "@patchbay/sdk";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createIds } from "../storage/ids.ts";
import { createSealer } from "../storage/sealer.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { settingsMigrations } from "./migrations.ts";
import { createSettings, type Settings } from "./settings.ts";
import type { SlotOption } from "./slot-option.ts";

const clock = { now: () => Date.now() };
const declared: Setting[] = [
  {
    key: "brand",
    title: "Brand",
    default: "Panel",
    schema: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(10)),
  },
  { key: "api_token", title: "API token", default: "", secret: true, schema: v.pipe(v.string(), v.maxLength(100)) },
];
const web: SlotOption = {
  option: "web_server",
  slot: "web",
  title: "Web server",
  optional: false,
  providers: [
    { id: "apache", title: "Apache", plugin: "web-apache", installed: false },
    { id: "nginx", title: "nginx", plugin: "web-nginx", installed: true },
    { id: "caddy", title: "Caddy", plugin: "web-caddy", installed: true },
  ],
  fallback: "nginx",
};
const dns: SlotOption = {
  option: "dns_server",
  slot: "dns",
  title: "Name server",
  optional: true,
  providers: [{ id: "bind", title: "BIND", plugin: "dns-bind", installed: false }],
};

/** What plugins have for themselves. */
const remote: Setting[] = [
  { key: "base_url", title: "Address", default: "https://api.test", schema: v.pipe(v.string(), v.trim(), v.url()) },
  { key: "api_token", title: "Token", default: "", secret: true, schema: v.pipe(v.string(), v.minLength(5)) },
];
const byKey = (settings: readonly Setting[]) => new Map(settings.map((setting) => [setting.key, setting]));

let dir: string;
let storage: Storage;
let settings: Settings;
let choices: readonly SlotOption[];
const open = async () => {
  const made = createSettings({
    storage,
    sealer: createSealer(Buffer.alloc(32, 1)),
    declared: () => byKey(declared),
    choices: () => choices,
    pluginSettings: () =>
      new Map([
        ["dns-remote", byKey(remote)],
        ["other", byKey(remote)],
        ["plain", new Map()],
      ]),
    slotsOf: (plugin) => (plugin === "dns-remote" ? ["dns", "dns-report"] : []),
  });
  await made.load();
  return made;
};
const save = (key: string, value: string) => storage.change((change) => settings.save(change.intents, key, value));

beforeEach(async () => {
  choices = [web];
  dir = mkdtempSync(join(tmpdir(), "patchbay-settings-"));
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  await storage.migrate("settings", settingsMigrations);
  settings = await open();
});

afterEach(async () => {
  await storage.close();
  rmSync(dir, { recursive: true });
});

describe("a setting", () => {
  it("has its default until it is saved, then its canonical value, also after a restart", async () => {
    expect(settings.get("brand")).toBe("Panel");
    await save("brand", "  Mine ");
    await settings.fresh();
    expect([settings.get("brand"), (await open()).get("brand")]).toEqual(["Mine", "Mine"]);
    expect(() => settings.get("ghost")).toThrow("ghost");
  });

  it("can be saved by many changes at once, and twice in one", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => save("brand", `B${n}`)));
    await storage.change(async ({ intents }) => {
      await settings.save(intents, "api_token", "one");
      await settings.save(intents, "api_token", "two");
    });
    await settings.fresh();
    expect([settings.get("brand"), settings.get("api_token")]).toEqual(["B19", "two"]);
    expect(await storage.read.all("SELECT key FROM settings ORDER BY key")).toEqual([
      { key: "api_token" },
      { key: "brand" },
    ]);
  });

  it("is saved on top of the commit before, even when that has not reached memory", async () => {
    const all = storage.read.all;
    vi.spyOn(storage.read, "all").mockImplementation(async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return all(...args) as Promise<never[]>;
    });
    await Promise.all([save("brand", "A"), save("brand", "B"), save("brand", "A")]);
    await settings.fresh();
    expect(settings.get("brand")).toBe("A");
  });

  it("keeps its value when the change is rolled back, and gets it back when the change is undone", async () => {
    await save("brand", "A");
    await storage.change((change) => settings.save(change.intents, "brand", "B"), { rollback: true });
    await settings.fresh();
    expect(settings.get("brand")).toBe("A");
    const id = await storage.change(async (change) => {
      await settings.save(change.intents, "brand", "C");
      return change.id;
    });
    await storage.change((change) => storage.undo(change, id));
    await settings.fresh();
    expect(settings.get("brand")).toBe("A");
  });

  it("refuses unknown keys and bad values without repeating them", async () => {
    await expect(save("ghost", "x")).rejects.toMatchObject({
      code: "INVALID_INPUT",
      fields: [{ field: "key", code: "choice" }],
    });
    const failure = await save("brand", "far too long a name").catch((error: unknown) => error);
    expect(failure).toMatchObject({ status: 400, fields: [{ field: "value", code: "length" }] });
    expect(JSON.stringify(failure)).not.toContain("far too");
  });

  it("keeps secrets out of answers and sealed in the database, and takes the mask as no change", async () => {
    expect(settings.all()).toEqual({ brand: "Panel", api_token: "", web_server: "nginx" });
    await save("api_token", "S3CRET");
    await save("api_token", "***");
    await settings.fresh();
    expect(settings.get("api_token")).toBe("S3CRET");
    expect(settings.all()).toEqual({ brand: "Panel", api_token: "***", web_server: "nginx" });
    const stored = [await storage.read.all("SELECT * FROM settings"), await storage.read.all("SELECT * FROM undo_log")];
    expect(JSON.stringify(stored)).not.toContain("S3CRET");
  });
});

describe("a slot option", () => {
  it("is the first installed backend until another is chosen", async () => {
    expect(settings.get("web_server")).toBe("nginx");
    await save("web_server", "caddy");
    await settings.fresh();
    expect(settings.get("web_server")).toBe("caddy");
    const { fallback: _fallback, ...shown } = web;
    expect(await settings.choices()).toEqual([{ ...shown, chosen: "caddy" }]);
  });

  it("takes only a backend that exists and is installed", async () => {
    const unknown = save("web_server", "iis");
    await expect(unknown).rejects.toMatchObject({
      code: "INVALID_INPUT",
      fields: [{ field: "value", code: "choice" }],
    });
    await expect(unknown.catch((error) => error.fields[0].message)).resolves.toContain("apache, nginx, caddy");
    await expect(save("web_server", "apache")).rejects.toMatchObject({ code: "BACKEND_NOT_INSTALLED", status: 409 });
    expect(settings.get("web_server")).toBe("nginx");
  });

  it("may be none where the slot is optional, and is none while there is nothing to serve it", async () => {
    choices = [web, dns];
    expect(settings.get("dns_server")).toBe("none");
    choices = [
      web,
      { ...dns, providers: [{ id: "bind", title: "BIND", plugin: "b", installed: true }], fallback: "bind" },
    ];
    expect(settings.get("dns_server")).toBe("bind");
    await save("dns_server", "none");
    await settings.fresh();
    expect(settings.get("dns_server")).toBe("none");
    const refused = await save("web_server", "none").catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "INVALID_INPUT" });
    await expect(save("dns_server", "iis")).rejects.toMatchObject({
      fields: [{ field: "value", message: expect.stringContaining("bind, none") }],
    });
  });

  it("is written down once something can serve it, so that what is installed later changes nothing", async () => {
    choices = [web, dns];
    await settings.settleChoices();
    expect(await saved()).toEqual({ web_server: "nginx" });
    choices = [{ ...web, fallback: "apache" }, dns];
    await settings.settleChoices();
    expect([settings.get("web_server"), await saved()]).toEqual(["nginx", { web_server: "nginx" }]);
    choices = [web, { ...dns, fallback: "bind" }];
    await settings.settleChoices();
    expect([settings.get("dns_server"), (await open()).get("dns_server")]).toEqual(["bind", "bind"]);
    expect(await storage.read.all("SELECT * FROM undo_log")).toEqual([]);
  });
});

const saved = async () => {
  const rows = await storage.read.all<{ key: string; value: string }>("SELECT key, value FROM settings ORDER BY key");
  return Object.fromEntries(rows.map((row) => [row.key, row.value]));
};
const savePlugin = (plugin: string, values: Record<string, string>, version?: string) =>
  storage.change(async (change) => {
    await settings.savePlugin(change.intents, plugin, { values, version });
    return change.marks;
  });

describe("a setting of a plugin", () => {
  it("is not saved over what somebody else saved meanwhile", async () => {
    const version = settings.versionOfPlugin("dns-remote");
    await savePlugin("dns-remote", { api_token: "S3CRET" }, version);
    expect(settings.versionOfPlugin("dns-remote")).not.toBe(version);
    await expect(savePlugin("dns-remote", { api_token: "0THER!" }, version)).rejects.toMatchObject({
      status: 409,
      code: "SETTINGS_CHANGED",
    });
    expect(settings.ofPlugin("dns-remote").get("api_token")).toBe("S3CRET");
    await savePlugin("dns-remote", { api_token: "0THER!" }, settings.versionOfPlugin("dns-remote"));
    expect(settings.ofPlugin("dns-remote").get("api_token")).toBe("0THER!");
  });

  it("is gone when its plugin is removed, and nobody else's", async () => {
    await savePlugin("dns-remote", { api_token: "S3CRET" });
    const before = await saved();
    await storage.change((change) => settings.dropPlugin(change, "dns-remote"));
    const left = Object.fromEntries(Object.entries(before).filter(([key]) => !key.startsWith("plugin:dns-remote:")));
    expect(Object.keys(before).length).toBeGreaterThan(Object.keys(left).length);
    expect(await saved()).toEqual(left);
  });

  it("belongs to that plugin alone, is canonical, and is there after a restart", async () => {
    await savePlugin("dns-remote", { base_url: " https://other.test/x ", api_token: "S3CRET" });
    await settings.fresh();
    const [own, others] = [settings.ofPlugin("dns-remote"), settings.ofPlugin("other")];
    expect([own.get("base_url"), own.get("api_token")]).toEqual(["https://other.test/x", "S3CRET"]);
    expect([others.get("base_url"), others.get("api_token")]).toEqual(["https://api.test", ""]);
    expect((await open()).ofPlugin("dns-remote").get("api_token")).toBe("S3CRET");
    expect(() => own.get("brand")).toThrow("brand");
    expect(settings.all()).not.toHaveProperty("base_url");
  });

  it("is sealed when it is secret, shown masked, and kept when the mask comes back", async () => {
    expect(settings.shownOfPlugin("dns-remote")).toEqual({ base_url: "https://api.test", api_token: "" });
    await savePlugin("dns-remote", { api_token: "S3CRET" });
    await settings.fresh();
    expect(await savePlugin("dns-remote", { api_token: "***" })).toEqual([]);
    expect(settings.shownOfPlugin("dns-remote")).toEqual({ base_url: "https://api.test", api_token: "***" });
    expect(settings.ofPlugin("dns-remote").get("api_token")).toBe("S3CRET");
    const stored = [await storage.read.all("SELECT * FROM settings"), await storage.read.all("SELECT * FROM undo_log")];
    expect(JSON.stringify(stored)).toContain("plugin:dns-remote:api_token");
    expect(JSON.stringify(stored)).not.toContain("S3CRET");
  });

  it("does not open under another plugin's name", async () => {
    await savePlugin("dns-remote", { api_token: "S3CRET" });
    await storage.change(({ db, tables }) => {
      tables.add("settings");
      return db("settings").update({ key: "plugin:other:api_token" });
    });
    await settings.fresh();
    expect(() => settings.ofPlugin("other").get("api_token")).toThrow();
  });

  it("brings the bases of the plugin's slots up to date when it changes, and only then", async () => {
    const bases = [
      { slot: "dns", key: "" },
      { slot: "dns-report", key: "" },
    ];
    expect(await savePlugin("dns-remote", { api_token: "S3CRET" })).toEqual(bases);
    expect(await savePlugin("dns-remote", { api_token: "S3CRET" })).toEqual([]);
    expect(await savePlugin("dns-remote", { api_token: "S3CRET2" })).toEqual(bases);
    expect(await savePlugin("other", { api_token: "S3CRET" })).toEqual([]);
  });

  it("is refused as a whole, naming every field and no value", async () => {
    await expect(savePlugin("ghost", {})).rejects.toMatchObject({ code: "NOT_FOUND", status: 404 });
    const values = { base_url: "n0t a url", api_token: "shrt", "br<and": "x" };
    const refused = await savePlugin("dns-remote", values).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      status: 400,
      fields: [
        { field: "values.base_url", code: "format" },
        { field: "values.api_token", code: "length" },
        { field: "values.br?and", code: "unknown" },
      ],
    });
    expect(JSON.stringify(refused)).not.toMatch(/n0t|shrt/);
    await expect(savePlugin("plain", { base_url: "https://a.test" })).rejects.toMatchObject({ status: 400 });
    await expect(savePlugin("dns-remote", { base_url: "https://a.test", api_token: "x" })).rejects.toThrow();
    expect(await saved()).toEqual({});
  });
});
