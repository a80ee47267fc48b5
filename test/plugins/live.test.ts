import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";
import { Prober } from "../harness/site.ts";
import { until } from "../harness/wait.ts";
import { Load } from "./load.ts";
import { addPlugins, contributing, query, type ScratchPlugin } from "./scratch-plugin.ts";

const marks = `sdk.defineChange({
  id: "marks.add", method: "POST", summary: "Add", rate: "standard", access: { callers: ["admin"] },
  input: v.strictObject({}), output: v.null(), handle: async () => null,
})`;
const heap = `async () => {
  v8.setFlagsFromString("--expose-gc");
  const gc = vm.runInNewContext("gc");
  for (let i = 0; i < 4; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 20)); }
  return process.memoryUsage();
}`;
const plugins: readonly ScratchPlugin[] = [
  {
    id: "marks",
    code: `import v8 from "node:v8"; import vm from "node:vm"; ${contributing([marks, query("marks.heap", heap)])}`,
  },
  {
    id: "toys",
    code: contributing(
      // Of about the size of a plugin, so that a generation that stays is seen.
      [
        query("toys.say", 'async () => "hello"'),
        query("toys.wait", 'async () => new Promise((resolve) => setTimeout(resolve, 500, "late"))'),
      ],
      `const ballast = new Array(130_000).fill(0.5).map((n, at) => n + at);
       to.tap(sdk.beforeHook("marks.add"), async () => ({ code: "TOYS_SAY_NO", message: "no " + ballast.length }));`,
    ),
  },
  { id: "apart", manifest: { isolation: "process" }, code: contributing([query("apart.say", 'async () => "hello"')]) },
  {
    id: "bad",
    code: contributing([query("bad.say", '() => { throw new TypeError("S3CRET") }')]),
  },
  { id: "torn", code: "export default nothing of this (" },
  { id: "needy", manifest: { requires: ["torn"] }, code: contributing([query("needy.say", "async () => 1")]) },
  { id: "future", manifest: { sdk: "^9.0.0" }, code: "process.exit(3);" },
];

let panel: TestInstance;
let admin: Client;

beforeAll(async () => {
  panel = await TestInstance.start({ alter: (checkout) => addPlugins(checkout, plugins) });
  admin = await panel.admin();
}, 60_000);
afterAll(async () => {
  admin?.close();
  await panel?.destroy();
}, 30_000);

const act = async (action: "enable" | "disable" | "reload", id: string) => {
  const answer = await admin.post(`plugins/${action}`, { id });
  expect([action, id, answer.status, answer.text]).toEqual([action, id, 200, expect.any(String)]);
};
const stateOf = async (id: string) =>
  (await admin.get("plugins/list")).body.data.find((plugin: { id: string }) => plugin.id === id)?.state;

describe("a panel whose plugins are broken in part", () => {
  it("runs all others, and says what is wrong with which", async () => {
    expect(await Promise.all(["torn", "needy", "future", "toys", "web"].map(stateOf))).toEqual([
      "broken",
      "broken",
      "broken",
      "active",
      "active",
    ]);
    const { data } = (await admin.get("plugins/doctor")).body;
    const errors = data.filter(({ level }: { level: string }) => level === "error");
    expect(errors.map(({ plugin, what }: { plugin: string; what: string }) => `${plugin}: ${what}`)).toEqual([
      "future: future is made for SDK ^9.0.0, this is 1.0.0",
      "needy: needy requires torn, which cannot be loaded",
      expect.stringMatching(/^torn: torn cannot be imported: /),
    ]);
    expect(panel.output).toContain('"plugin":"torn"');
  });
});

describe("under load", () => {
  it("answers every request, while a plugin's routes and hooks come and go", async () => {
    const load = new Load();
    load.ask(admin, "auth/me", 20);
    load.ask(admin, "accounts/list", 10);
    load.ask(admin, "toys/say", 20);
    load.ask(admin, "toys/wait", 4);
    for (let cycle = 0; cycle < 10; cycle++) {
      await act("disable", "toys");
      expect((await admin.get("toys/say")).status).toBe(404);
      expect((await admin.post("marks/add")).status).toBe(200);
      await act("enable", "toys");
      expect((await admin.get("toys/say")).body.data).toBe("hello");
      expect((await admin.post("marks/add")).body.code).toBe("TOYS_SAY_NO");
      await act("reload", "toys");
      await sleep(100);
    }
    const answers = await load.end();
    const allowed = ["auth/me 200", "accounts/list 200", "toys/say 200", "toys/wait 200"];
    const others = ["toys/say 404 NOT_FOUND", "toys/wait 404 NOT_FOUND"];
    expect([...answers.keys()].filter((answer) => ![...allowed, ...others].includes(answer))).toEqual([]);
    for (const answer of allowed) expect(answers.get(answer), answer).toBeGreaterThan(5);
  }, 60_000);

  it("answers every request, while a plugin's process is replaced", async () => {
    const load = new Load();
    load.ask(admin, "auth/me", 20);
    load.ask(admin, "apart/say", 20);
    for (let cycle = 0; cycle < 5; cycle++) await act("reload", "apart");
    expect([...(await load.end()).keys()].sort()).toEqual(["apart/say 200", "auth/me 200"]);
    await act("disable", "apart");
    expect((await admin.get("apart/say")).status).toBe(404);
    await until(
      "its process has ended",
      () => !panel.processes().some(({ command }) => command.includes("isolation/guest")),
    );
    await act("enable", "apart");
    expect((await admin.get("apart/say")).body.data).toBe("hello");
  }, 60_000);

  it("follows in the API document and the command line", async () => {
    const documented = async () => "/api/toys/say" in (await admin.get("/api/openapi.json")).body.paths;
    await act("disable", "toys");
    expect(await documented()).toBe(false);
    expect((await panel.cli("toys", "say")).code).not.toBe(0);
    await act("enable", "toys");
    expect(await documented()).toBe(true);
    expect(await panel.cli("toys", "say")).toMatchObject({ code: 0, stdout: expect.stringContaining("hello") });
  });

  it("keeps the memory it had, over 200 times", async () => {
    const cycle = async (times: number) => {
      for (let i = 0; i < times; i++) {
        await act("disable", "toys");
        await act("enable", "toys");
        if (i % 5 === 0) expect((await admin.get("toys/say")).status).toBe(200);
      }
    };
    const used = async () => (await admin.get("marks/heap")).body.data as { heapUsed: number; rss: number };
    await cycle(50);
    const before = await used();
    await cycle(150);
    const after = await used();
    // A generation that stayed would be 1 MB each time.
    expect((after.heapUsed - before.heapUsed) / 2 ** 20).toBeLessThan(10);
    expect((after.rss - before.rss) / 2 ** 20).toBeLessThan(60);
  }, 120_000);
});

describe("a backend that comes and goes", () => {
  it("leaves the sites of another alone, and cannot go while it serves", async () => {
    const account = {
      username: "sites",
      domain: "sites.test",
      email: "s@sites.test",
      password: "a long enough password",
    };
    expect((await admin.post("accounts/create", account)).status).toBe(200);
    const before = await panel.site("sites.test");
    expect(before.status).toBeGreaterThan(0);
    const isSame = (answer: typeof before) => answer.status === before.status && answer.text === before.text;
    const prober = new Prober(() => panel.site("sites.test"), isSame);
    const refused = await admin.post("plugins/disable", { id: "web-nginx" });
    expect([refused.status, refused.body.code, refused.body.data.uses]).toEqual([
      409,
      "PLUGIN_IN_USE",
      [expect.stringMatching(/^it serves /)],
    ]);
    const ids = async () => {
      const { body } = await admin.get("system/detect");
      return body.data.filter(({ slot }: { slot: string }) => slot === "web").map(({ id }: { id: string }) => id);
    };
    for (let cycle = 0; cycle < 3; cycle++) {
      await act("disable", "web-apache");
      expect(await ids()).toEqual(["nginx"]);
      await act("enable", "web-apache");
      expect((await ids()).sort()).toEqual(["apache", "nginx"]);
      await act("reload", "web-nginx");
    }
    const reconciled = await admin.post("reconcile/run", {});
    expect([reconciled.status, reconciled.body.data.plan]).toEqual([200, []]);
    await prober.stop();
    expect([prober.failures, prober.asked > 20]).toEqual([[], true]);
  }, 60_000);
});

describe("a plugin that keeps failing", () => {
  it("is taken out, and named in the log and by the doctor; the panel keeps serving", async () => {
    for (let i = 0; i < 10; i++) expect((await admin.get("bad/say")).status).toBe(500);
    await until("it is quarantined", async () => (await stateOf("bad")) === "quarantined");
    expect([(await admin.get("bad/say")).status, (await admin.get("toys/say")).status]).toEqual([404, 200]);
    const { data } = (await admin.get("plugins/doctor", { id: "bad" })).body;
    expect(data[0]).toMatchObject({
      level: "error",
      what: expect.stringMatching(
        /quarantined: it failed 10 times within 120 s, the last time at bad\.say: TypeError at /,
      ),
      mend: expect.stringContaining("patchbay plugin enable bad"),
    });
    expect(JSON.stringify(data)).not.toContain("S3CRET");
    expect(panel.output).toContain('"message":"a plugin was quarantined","plugin":"bad"');
    await panel.stop();
    await panel.up();
    expect(await stateOf("bad")).toBe("quarantined");
    await act("enable", "bad");
    expect((await admin.get("bad/say")).status).toBe(500);
  }, 30_000);
});
