import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../harness/client.ts";
import { CrashPlan } from "../harness/crash-plan.ts";
import { TestInstance } from "../harness/instance.ts";
import { must } from "../harness/must.ts";
import { isAlive } from "../harness/processes.ts";
import { until } from "../harness/wait.ts";
import { beginSwitch, endOf, optionOf } from "./operation.ts";
import { buildSites } from "./site-world.ts";
import { isSame, Visitors, visit } from "./visitor.ts";

/** Sites of every kind; few, because all that counts here is that there are some. */
const sites = 8;
/** What is true within this time after a start. Milliseconds. */
const patience = 20_000;

let instance: TestInstance;
let admin: Client;
let plan: CrashPlan;
let visitors: Visitors;

beforeAll(async () => {
  instance = await TestInstance.prepare();
  plan = new CrashPlan(instance.dir);
  await instance.up(plan.env);
  admin = await instance.admin();
  visitors = new Visitors(instance.ports.services, await buildSites(admin, sites));
  await visitors.learn();
});

afterAll(async () => {
  admin?.close();
  await instance?.destroy();
});

const otherOf = (server: string) => (server === "nginx" ? "apache" : "nginx");

/** Starts what does not start by itself, until the panel answers and has died as often as it was told to. */
async function recover(): Promise<void> {
  await until(
    "the panel to come back",
    async () => {
      if (!instance.isUp) await instance.up(plan.env).catch(() => undefined);
      return (await admin.get("auth/me")).status === 200 && plan.isObeyed;
    },
    patience,
  );
}

async function runningServers(): Promise<readonly string[]> {
  const { services } = await must(admin.get("system/stats"));
  return (services as { name: string; status: string }[])
    .filter(({ name, status }) => status === "running" && (name === "nginx" || name === "apache"))
    .map(({ name }) => name);
}

/** Exactly one server runs, the option names it, and it answers every site as before. */
async function isWhole(): Promise<boolean> {
  const chosen = await optionOf(admin, "web_server");
  const running = await runningServers();
  if (running.join() !== chosen) throw new Error(`${chosen} is chosen, but ${running.join(" and ")} runs`);
  for (const [one, expected] of visitors.expected) {
    const page = await visit(instance.ports.services, one);
    if (!isSame(page, expected)) throw new Error(`${one.scheme} ${one.host}${one.path} answers ${page.status}`);
  }
  const { plan: steps } = await must(admin.get("reconcile/plan"));
  if (steps.length > 0) throw new Error(`there is something to do: ${JSON.stringify(steps[0])}`);
  return true;
}

/** Each step that a switch reaches, at the first and the last time: `kernel:<step>:<n>` and `helper:<step>:<n>`. */
async function pointsOf(to: string): Promise<readonly string[]> {
  const reached = await plan.record(async () => {
    const view = await endOf(admin, await beginSwitch(admin, "web_server", to));
    expect(view).toMatchObject({ state: "done" });
  });
  const stepOf = (point: string) => point.replace(/:\d+$/, "");
  return reached.filter((point) => {
    const others = reached.filter((other) => stepOf(other) === stepOf(point));
    return others[0] === point || others.at(-1) === point;
  });
}

/** Switches, and dies at a step. Answers which server it was afterwards. */
async function crashAt(point: string): Promise<string> {
  plan.arm();
  await recover();
  const from = await optionOf(admin, "web_server");
  const [helper, kernel] = [instance.pid, instance.kernelPid()];
  plan.arm(point);
  const id = await beginSwitch(admin, "web_server", otherOf(from)).catch(() => undefined);
  const victim = point.startsWith("helper:") ? helper : kernel;
  await until(`${point} to be reached`, () => !isAlive(victim), patience);
  await recover();
  if (id !== undefined) await endOf(admin, id, patience);
  await until(`after ${point}`, isWhole, patience);
  return optionOf(admin, "web_server");
}

test("a switch is done or undone after a crash at any of its steps", async () => {
  const points = await pointsOf("apache");
  await pointsOf("nginx");
  const ends: Record<string, number> = {};
  for (const point of points) {
    const end = await crashAt(point).catch(
      (error: Error) => `wrong: ${error.message}: ${(error.cause as Error)?.message ?? ""}`,
    );
    ends[end] = (ends[end] ?? 0) + 1;
    expect.soft(["apache", "nginx"], point).toContain(end);
  }
  process.stdout.write(`${points.length} points of a switch: ${JSON.stringify(ends)}\n`);
  expect(points.some((point) => point.includes("switch:"))).toBe(true);
}, 1_800_000);
