/** The engine with the real helper and a real nginx. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineProvider, defineSlot, type RenderingProvider } from "@patchbay/sdk";
import * as v from "valibot";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createHost } from "../host/host.ts";
import { fetchText, freePort, mainFile, webManifest } from "../host/testing/nginx.ts";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import { createSlotTable } from "../slots/slot-table.ts";
import { createIds } from "../storage/ids.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { createReconciler, type ReconcileEngine } from "./engine.ts";
import { reconcileMigrations } from "./migrations.ts";
import { put } from "./testing/bench.ts";
import { toyMigrations } from "./testing/toy.ts";
import type { ChangeResult } from "./types.ts";

const clock = { now: () => Date.now() };
const ids = createIds(clock);
const dir = mkdtempSync(join(tmpdir(), "patchbay-reconcile-nginx-"));
let rig: HelperRig;
let helper: RunningHelper;
let storage: Storage;
let engine: ReconcileEngine;
let port: number;
const activations: unknown[] = [];

const unit = v.strictObject({ text: v.string() });
type Site = v.InferOutput<typeof unit>;

beforeAll(async () => {
  rig = await HelperRig.create([webManifest]);
  port = await freePort();
  helper = await rig.start();
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids });
  await storage.migrate("reconcile", reconcileMigrations);
  await storage.migrate("toy", toyMigrations);
  engine = start();
  await engine.start();
  await engine.idle();
});

afterAll(async () => {
  await engine.stop();
  await storage.close();
  await rig.end();
  rmSync(dir, { recursive: true });
});

function provider(): RenderingProvider<Site> {
  const services = [{ service: "nginx" }];
  const http = (path: string, body: string) =>
    ({ kind: "http", port: "http", host: "localhost", path, status: 200, body }) as const;
  return {
    kind: "render",
    audit: () => [],
    base: () => ({ files: [{ path: "nginx.conf", content: mainFile(helper.hello.paths, port, "base") }], services }),
    render: (key, { text }) => ({
      lines: [{ file: `sites/${key.length % 4}.conf`, key, line: `location = /${key} { return 200 "${text}"; }` }],
      services,
      probes: [http(`/${key}`, text)],
    }),
    generation: (number) => ({
      files: [{ path: "sites/generation.conf", content: `location = /number { return 200 "${number}"; }\n` }],
      services,
      probes: [http("/number", String(number))],
    }),
  };
}

function start(): ReconcileEngine {
  const slot = defineSlot<Site>({
    id: "web",
    title: "Web",
    option: null,
    unit,
    after: [],
    load: async (read, keys) => {
      const rows = await read.all<{ key: string; text: string }>(
        "select key, text from things where key in (select value from json_each(?))",
        [JSON.stringify(keys)],
      );
      return new Map(rows.map(({ key, text }) => [key, { text }]));
    },
    keys: async (read, after, limit) => {
      const rows = await read.all<{ key: string }>("select key from things where key > ? order by key limit ?", [
        after,
        limit,
      ]);
      return rows.map(({ key }) => key);
    },
  });
  const entry = defineProvider<Site>({ slot: "web", id: "nginx", title: "nginx", create: provider });
  const use = () => {
    throw new Error("uses nothing");
  };
  const providers = [{ plugin: webManifest.id, entry: entry as never, use }];
  const table = createSlotTable({ slots: [slot as never], providers, chosen: () => undefined, installed: () => true });
  const { client, hello } = helper;
  const counted: typeof client = {
    call: (op, input, options) => {
      if (op === "apply.activate") activations.push(input);
      return client.call(op, input, options);
    },
  };
  const host = createHost({ hello, client: counted, servicesPort: port - 80, address: "127.0.0.1", phpVersions: [] });
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  return createReconciler({
    storage,
    host,
    logger: silent,
    clock,
    ids,
    slots: () => table,
    crashPoint: () => {},
    onOutcome: async (change, id, result) =>
      void (await change.db("outcomes").insert({ id, result: JSON.stringify(result) })),
    outcomeOf: async (id) => {
      const row = await storage.read.get<{ result: string }>("select result from outcomes where id = ?", [id]);
      return row && (JSON.parse(row.result) as ChangeResult);
    },
  });
}

async function set(key: string, text: string | null): Promise<ChangeResult> {
  const id = ids.uuid();
  await storage.change((change) => put(change, [["web", key, text]]), { id });
  engine.wake();
  return engine.settled(id);
}

it("serves from every connection what the caller was told, also right after a reload", async () => {
  const answers = async () => new Set(await Promise.all(Array.from({ length: 40 }, () => fetchText(port, "/one"))));
  for (let round = 0; round < 15; round += 1) {
    expect(await set("one", `round ${round}`)).toEqual({ state: "done" });
    expect(await answers()).toEqual(new Set([`round ${round}`]));
  }
  await set("one", null);
  expect([...(await answers())].filter((answer) => answer.startsWith("round"))).toEqual([]);
});

it("serves 100 sites that come at once with at most 5 reloads", async () => {
  const before = activations.length;
  const results = await Promise.all(Array.from({ length: 100 }, (_, i) => set(`many-${i}`, `text ${i}`)));
  expect(results.every(({ state }) => state === "done")).toBe(true);
  expect(activations.length - before).toBeLessThanOrEqual(5);
  expect(await fetchText(port, "/many-99")).toBe("text 99");
  expect((await engine.run()).steps).toEqual([]);
});

it("keeps serving the others when one is refused by nginx", async () => {
  const results = await Promise.all([set("good", "fine"), set("bad", '"; nonsense'), set("better", "fine too")]);
  expect(results.map(({ state }) => state)).toEqual(["done", "undone", "done"]);
  expect(await fetchText(port, "/good")).toBe("fine");
  expect(await fetchText(port, "/better")).toBe("fine too");
  expect((await engine.run()).steps).toEqual([]);
});

it("reports and mends a file that was changed by hand", async () => {
  await set("hand", "made by us");
  writeFileSync(join(helper.hello.paths.etc, webManifest.id, "sites", "0.conf"), "# by hand\n");
  expect(await set("hand", "changed")).toMatchObject({ state: "undone", failures: [{ kind: "conflict" }] });
  const [found] = await engine.drift();
  expect(found).toMatchObject({ target: "sites/0.conf", kind: "changed" });
  await engine.resolve(found?.id ?? "", "mend");
  expect(await fetchText(port, "/hand")).toBe("made by us");
  expect(await engine.drift()).toEqual([]);
});
