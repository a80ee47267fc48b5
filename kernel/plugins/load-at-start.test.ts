import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createIds } from "../storage/ids.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { Inventory } from "./inventory.ts";
import type { LoadedPlugin } from "./load.ts";
import { loadAtStart } from "./load-at-start.ts";
import { pluginMigrations } from "./migrations.ts";
import { PluginRecords } from "./records.ts";
import type { Shelf } from "./shelf.ts";
import { toyPlugin } from "./testing/plugins.ts";
import type { KnownPlugin } from "./types.ts";

const clock = { now: () => 1_800_000_000_000 };
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
let dir: string;
let storage: Storage;
let records: PluginRecords;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-load-"));
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  await storage.migrate("plugins", pluginMigrations);
  records = new PluginRecords(storage, clock);
});
afterEach(async () => {
  await storage.close();
  rmSync(dir, { recursive: true });
});

async function start(
  plugins: readonly { readonly plugin: LoadedPlugin; readonly source: KnownPlugin["source"] }[],
  onLoad: (id: string) => Promise<void> = async () => undefined,
) {
  const known = plugins.map(({ plugin: found, source }): KnownPlugin => {
    return { id: found.manifest.id, source, found, problems: [], approved: true, signer: null, pending: null };
  });
  const shelf = {
    known: async () => known,
    load: async (found) => {
      await onLoad(found.manifest.id);
      return plugins.find(({ plugin }) => plugin === found)?.plugin;
    },
  } as Pick<Shelf, "known" | "load"> as Shelf;
  const inventory = new Inventory(shelf, records);
  await inventory.look();
  const loaded = await loadAtStart({ storage, logger, shelf, records }, inventory);
  return { ids: loaded.map(({ manifest }) => manifest.id), inventory };
}

it("quarantines what was being taken into the panel's own process when the panel died", async () => {
  const wild = { plugin: toyPlugin("wild", undefined, { isolation: "kernel" }), source: "installed" } as const;
  const own = { plugin: toyPlugin("own"), source: "bundled" } as const;
  await storage.change((change) => records.write(change, "wild", "enabled"));
  const marks = async () => [...(await records.all()).values()].map(({ id, startedAt }) => [id, startedAt !== null]);
  const seen: unknown[] = [];
  const first = await start([wild, own], async (id) => void seen.push([id, await marks()]));
  expect([first.ids, seen]).toEqual([["own", "wild"], expect.arrayContaining([["wild", [["wild", true]]]])]);
  await records.survived();
  expect((await start([wild, own])).ids).toEqual(["own", "wild"]);
  const after = await start([wild, own]);
  expect(after.ids).toEqual(["own"]);
  expect((await records.all()).get("wild")).toMatchObject({
    wanted: "quarantined",
    reason: expect.stringContaining("the panel ended while it was being started"),
    startedAt: null,
  });
  await storage.change((change) => records.write(change, "wild", "enabled"));
  expect((await start([wild, own])).ids).toEqual(["own", "wild"]);
});

it("loads what is installed only when it was approved and enabled", async () => {
  const wild = { plugin: toyPlugin("wild"), source: "installed" } as const;
  expect((await start([wild])).ids).toEqual([]);
  await storage.change((change) => records.write(change, "wild", "enabled"));
  expect((await start([wild])).ids).toEqual(["wild"]);
});

it("starts also when nothing can be written down", async () => {
  const apart = toyPlugin("apart", undefined, { isolation: "process" });
  const full = Object.assign(new Error("full"), { code: "SQLITE_FULL" });
  storage.change = () => Promise.reject(full);
  const { ids, inventory } = await start(
    [
      { plugin: apart, source: "bundled" },
      { plugin: toyPlugin("own"), source: "bundled" },
    ],
    async (id) => {
      if (id === "apart") throw new Error("apart does not answer");
    },
  );
  expect([ids, inventory.absent("apart")]).toEqual([["own"], "cannot be loaded"]);
});
