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
  providers: [
    { id: "apache", title: "Apache", installed: false },
    { id: "nginx", title: "nginx", installed: true },
    { id: "caddy", title: "Caddy", installed: true },
  ],
};

let dir: string;
let storage: Storage;
let settings: Settings;
const open = async () => {
  const made = createSettings({
    storage,
    sealer: createSealer(Buffer.alloc(32, 1)),
    declared: () => new Map(declared.map((setting) => [setting.key, setting])),
    choices: () => [web],
  });
  await made.load();
  return made;
};
const save = (key: string, value: string) => storage.change((change) => settings.save(change.intents, key, value));

beforeEach(async () => {
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
    expect(await settings.choices()).toEqual([{ ...web, chosen: "caddy" }]);
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
});
