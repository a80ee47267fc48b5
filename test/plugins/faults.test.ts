import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writePlugin } from "../../kernel/plugins/install/testing/plugin-folder.ts";
import type { Answer, Client } from "../harness/client.ts";
import { adminPassword, TestInstance } from "../harness/instance.ts";
import { Prober } from "../harness/site.ts";
import { until } from "../harness/wait.ts";
import { type FailingPlugin, failingPlugins } from "./failing-plugins.ts";
import { Load } from "./load.ts";

let panel: TestInstance;
let admin: Client;
let visitor: Prober;
const others = new Load();
/** What the site answers while all is well. */
let served: number;
/** Ten calls that are never answered by the plugin; begun first, because the panel waits for half a minute. */
let hanging: Promise<readonly Answer[]>;

beforeAll(async () => {
  panel = await TestInstance.start();
  admin = await panel.admin();
  const account = {
    username: "guests",
    domain: "guests.test",
    email: "g@guests.test",
    password: "a long enough password",
  };
  expect((await admin.post("accounts/create", account)).status).toBe(200);
  for (const [id, source] of Object.entries(failingPlugins)) await install(id, source);
  const first = await panel.site("guests.test");
  served = first.status;
  visitor = new Prober(
    () => panel.site("guests.test"),
    ({ status, text }) => status === first.status && text === first.text,
    20,
  );
  for (const path of ["auth/me", "accounts/list", "calm/well"]) others.ask(admin, path, 5);
  hanging = Promise.all(Array.from({ length: 10 }, () => admin.get("hangs/now")));
}, 120_000);
afterAll(async () => {
  await visitor?.stop();
  await others.end();
  admin?.close();
  await panel?.destroy();
}, 60_000);

async function install(id: string, source: string): Promise<void> {
  const sources = join(panel.dir, "sources");
  mkdirSync(sources, { recursive: true });
  chmodSync(sources, 0o755);
  const manifest = { id, title: id, memoryMb: 96 };
  const folder = writePlugin(join(sources, id), { name: `plugin-${id}`, manifest, files: { "index.js": source } });
  expect(await admin.post("plugins/install", { source: folder, allow_unsigned: true })).toMatchObject({ status: 200 });
  expect(await admin.post("plugins/approve", { id })).toMatchObject({ status: 200 });
  if (id !== "torn") expect(await admin.post("plugins/enable", { id })).toMatchObject({ status: 200 });
}

const stateOf = async (id: FailingPlugin): Promise<string> =>
  (await admin.get("plugins/list")).body.data.find((plugin: { id: string }) => plugin.id === id)?.state;

const findings = async (id: FailingPlugin): Promise<readonly { level: string; what: string; mend: string | null }[]> =>
  (await admin.get("plugins/doctor", { id })).body.data;

/** What an admin gets to see of a plugin that was taken out. */
async function expectQuarantine(id: FailingPlugin, why: RegExp, deadline = 20_000): Promise<void> {
  await until(`${id} is quarantined`, async () => (await stateOf(id)) === "quarantined", deadline);
  const found = await findings(id);
  expect(found[0]).toMatchObject({ level: "error", what: expect.stringMatching(why) });
  expect(found[0]?.mend).toContain(`patchbay plugin enable ${id}`);
  expect(JSON.stringify(found)).not.toContain("S3CRET");
  expect(panel.output).toContain(`"message":"a plugin was quarantined","plugin":"${id}"`);
  expect((await admin.get(`${id}/well`)).status).toBe(404);
}

/** Asks for a route that ends the process, until the panel has had enough. Between two ends the process is started again. */
async function askToDeath(id: FailingPlugin): Promise<void> {
  const end = performance.now() + 50_000;
  for (;;) {
    const { status, body } = await admin.get(`${id}/now`);
    if (status === 404) return;
    expect([status, body.code]).toEqual([503, "PLUGIN_UNAVAILABLE"]);
    if (performance.now() > end) throw new Error(`${id} is still there`);
    await sleep(100);
  }
}

describe("a plugin that fails", () => {
  it("in a route is degraded, then quarantined", async () => {
    for (let i = 0; i < 5; i += 1) {
      const { body, status, text } = await admin.get("throws/now");
      expect([status, body.code]).toEqual([500, "INTERNAL"]);
      expect(text).not.toContain("S3CRET");
    }
    await until("it is degraded", async () => (await stateOf("throws")) === "degraded");
    expect(await findings("throws")).toContainEqual(
      expect.objectContaining({ level: "warning", what: expect.stringContaining("keeps failing") }),
    );
    expect((await admin.get("throws/well")).body.data).toBe("well");
    for (let i = 0; i < 5; i += 1) await admin.get("throws/now");
    await expectQuarantine("throws", /it failed 10 times within 120 s, the last time at throws\.now: /);
  });

  it("in a hook keeps nobody from logging in", async () => {
    const somebody = panel.client();
    for (let i = 0; i < 10; i += 1) expect((await somebody.login("admin", adminPassword)).status).toBe(200);
    somebody.close();
    await expectQuarantine("rejects", /it failed 10 times within 120 s, the last time at .*login\.succeeded/);
  });

  it("at its start is not enabled, and can be mended and enabled later", async () => {
    const refused = await admin.post("plugins/enable", { id: "torn" });
    expect([refused.status, refused.body.code]).toEqual([409, "PLUGIN_REFUSED"]);
    expect(refused.body.data.problems).toEqual([expect.stringMatching(/^torn cannot be started: .*no luck/s)]);
  });

  it("by looping, flooding its memory or exiting loses only its own process, three times", async () => {
    await Promise.all((["loops", "floods", "exits"] as const).map(askToDeath));
    await expectQuarantine("loops", /its process ended 3 times within 60 s/);
    await expectQuarantine("floods", /its process ended 3 times within 60 s, .*more than 96 MiB/);
    await expectQuarantine("exits", /its process ended 3 times within 60 s, .*exit code 3/);
  }, 90_000);

  it("by never answering is given up on", async () => {
    const answers = await hanging;
    expect(answers.map(({ body, status }) => [status, body.code])).toEqual(
      answers.map(() => [503, "PLUGIN_UNAVAILABLE"]),
    );
    await expectQuarantine("hangs", /it failed 10 times within 120 s, the last time at hangs\.now/);
  }, 60_000);
});

it("harms nobody else", async () => {
  await visitor.stop();
  expect([visitor.failures, visitor.asked > 100]).toEqual([[], true]);
  const answers = await others.end();
  expect([...answers.keys()].sort()).toEqual(["accounts/list 200", "auth/me 200", "calm/well 200"]);
  expect(await Promise.all((["calm", "relapses"] as const).map(stateOf))).toEqual(["active", "active"]);
});

it("that ends right after each start does not keep the panel from starting", async () => {
  expect((await admin.get("relapses/now")).status).toBe(200);
  await panel.stop();
  await panel.up();
  await expectQuarantine("relapses", /its process ended 3 times within 60 s, .*exit code 7/, 50_000);
  expect((await admin.get("calm/well")).body.data).toBe("well");
  // What was quarantined before stays so.
  expect(await Promise.all((["throws", "loops"] as const).map(stateOf))).toEqual(["quarantined", "quarantined"]);
  expect((await panel.site("guests.test")).status).toBe(served);
}, 90_000);
