import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChangeContext, defineHook, defineTask, type Logger, token } from "@patchbay/sdk";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createIds } from "./storage/ids.ts";
import { createStorage } from "./storage/storage.ts";
import type { Storage } from "./storage/types.ts";
import { runUpgrades } from "./upgrades.ts";

const clock = { now: () => 1_800_000_000_000 };
const told = defineHook<"notify", string>("notify", "test.told");
const checked = defineHook<"guarded", string>("guarded", "test.checked");
const Greeting = token<string>("test.greeting");

let dir: string;
let storage: Storage;
let logged: string[];
let hooked: string[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-upgrades-"));
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  const columns = "id integer primary key, uuid text, created_at int, updated_at int, text text";
  await storage.change(({ db }) => db.raw(`create table notes (${columns})`));
  logged = [];
  hooked = [];
});

afterEach(async () => {
  await storage.close();
  rmSync(dir, { recursive: true });
});

function run(...upgrades: readonly ((change: ChangeContext) => Promise<boolean>)[]): Promise<void> {
  const log = (level: string) => (_message: string, fields?: Readonly<Record<string, unknown>>) =>
    void logged.push(`${level} ${fields?.["upgrade"]} ${fields?.["error"] ?? fields?.["units"]}`);
  const logger: Logger = { info: log("info"), warn: log("warn"), error: log("error") };
  const hooks = {
    guarded: async (hook: { id: string }, payload: unknown) => void hooked.push(`${hook.id} ${payload}`),
    emit: async (_db: unknown, hook: { id: string }, payload: unknown, heldBy?: string) =>
      void hooked.push(`${hook.id} ${payload} ${heldBy === undefined ? "at once" : "held"}`),
  };
  const services = { use: () => "hello" as never, find: () => "hello" as never };
  const all = upgrades.map((work, at) => ({ plugin: "test", value: { id: `test.u${at}`, run: work }, services }));
  return runUpgrades({ storage, clock, logger, hooks }, all);
}

const texts = async () => (await storage.read.all<{ text: string }>("SELECT text FROM notes")).map(({ text }) => text);

it("calls an upgrade until there is no more, each time in a change of its own that is final", async () => {
  const seen: unknown[] = [];
  await run(async (change) => {
    const { n } = (await change.read.get<{ n: number }>("SELECT count(*) AS n FROM notes")) ?? { n: 0 };
    seen.push([change.principal.role, change.now, change.use(Greeting)]);
    await change.intents.insert("notes", { text: `${n}` });
    change.intents.touch("names", `${n}`);
    await change.emit(told, `${n}`);
    await change.run(checked, `${n}`);
    return n < 1;
  });
  expect(seen).toEqual(Array(2).fill(["system", clock.now(), "hello"]));
  expect(await texts()).toEqual(["0", "1"]);
  const marks = await storage.read.all<{ unit_key: string; change_id: string }>("SELECT * FROM dirty");
  expect(marks.map(({ unit_key: key }) => key)).toEqual(["0", "1"]);
  expect(new Set(marks.map((mark) => mark.change_id)).size).toBe(2);
  expect(await storage.read.all("SELECT * FROM undo_log")).toEqual([]);
  expect(hooked).toEqual(["test.checked 0", "test.told 0 held", "test.checked 1", "test.told 1 held"]);
  expect(logged).toEqual(["info test.u0 1", "info test.u0 1"]);
});

it("logs one that fails, with nothing of it left, and goes on with the others", async () => {
  const fail = async (change: ChangeContext) => {
    await change.intents.insert("notes", { text: "half" });
    throw new Error("out of luck");
  };
  const start = async (change: ChangeContext) => {
    change.start(defineTask({ id: "test.work", title: "Work", run: async () => undefined }), null);
    return false;
  };
  const add = async (change: ChangeContext) => {
    await change.intents.insert("notes", { text: "whole" });
    return false;
  };
  await run(fail, start, add);
  expect(await texts()).toEqual(["whole"]);
  expect(logged).toEqual([
    "error test.u0 Error: out of luck",
    "error test.u1 Error: the upgrade test.u1 cannot start test.work",
    "info test.u2 0",
  ]);
});

it("does not call one again that has written nothing", async () => {
  let calls = 0;
  await run(async () => {
    calls += 1;
    return true;
  });
  expect(calls).toBe(1);
  expect(logged).toEqual([]);
});
