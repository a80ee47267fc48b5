import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createIds } from "../storage/ids.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { createStore, dropDocuments } from "./documents.ts";
import { pluginMigrations } from "./migrations.ts";

const clock = { now: () => 1_800_000_000_000 };
let dir: string;
let storage: Storage;
const store = (plugin: string) => createStore(storage, clock, plugin);

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-documents-"));
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  await storage.migrate("plugins", pluginMigrations);
});
afterEach(async () => {
  await storage.close();
  rmSync(dir, { recursive: true });
});

it("keeps JSON under a key, for each plugin on its own", async () => {
  const value = { list: [1, null, "ü", { deep: true }] };
  await store("one").put("a", value);
  await store("one").put("a", { ...value, more: 2 });
  expect(await store("one").get("a")).toEqual({ ...value, more: 2 });
  expect([await store("two").get("a"), await store("one").get("b")]).toEqual([undefined, undefined]);
  await store("two").delete("a");
  await store("one").delete("a");
  expect(await store("one").get("a")).toBeUndefined();
});

it("lists keys by their beginning, which is no pattern, in order and after one", async () => {
  for (const key of ["b1", "a%2", "a_1", "ab", "a%1"]) await store("one").put(key, 1);
  await store("two").put("a%3", 1);
  expect(await store("one").keys("a%")).toEqual(["a%1", "a%2"]);
  expect(await store("one").keys("a", "a%1")).toEqual(["a%2", "a_1", "ab"]);
  expect(await store("one").keys("")).toHaveLength(5);
});

it("refuses keys, values and numbers of them that are too large", async () => {
  for (const key of ["", "x".repeat(201)]) {
    await expect(store("one").put(key, 1)).rejects.toMatchObject({ status: 400 });
  }
  await store("one").put("x".repeat(200), "y".repeat(65_534));
  await expect(store("one").put("x", "y".repeat(65_535))).rejects.toMatchObject({ code: "STORE_FULL", status: 409 });
  await storage.change(async ({ db }) => {
    await db.raw(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
       INSERT INTO plugin_documents (plugin, key, value, updated_at) SELECT 'one', 'k' || i, '1', 0 FROM n`,
    );
  });
  await expect(store("one").put("new", 1)).rejects.toMatchObject({ code: "STORE_FULL" });
  await store("one").put("k1", 2);
  await store("two").put("new", 1);
  expect(await store("one").keys("")).toHaveLength(1_000);
  await storage.change(({ db }) => dropDocuments(db, "one"));
  expect([await store("one").keys(""), await store("two").keys("")]).toEqual([[], ["new"]]);
});
