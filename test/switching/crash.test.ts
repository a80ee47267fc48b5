import { expect, test } from "vitest";
import type { Client } from "../harness/client.ts";
import { CrashPlan, firstAndLast } from "../harness/crash-plan.ts";
import { TestInstance } from "../harness/instance.ts";
import { must } from "../harness/must.ts";
import { openAll } from "../harness/open-all.ts";
import { isAlive } from "../harness/processes.ts";
import { until } from "../harness/wait.ts";
import { beginSwitch, endOf, optionOf } from "./operation.ts";
import { buildSites } from "./site-world.ts";
import { isSame, Visitors, visit } from "./visitor.ts";

/** Sites of every kind; few, because all that counts here is that there are some. */
const sites = 8;
/** What is true within this time after a start. Milliseconds. */
const patience = 20_000;

/** Instances that are crashed side by side: most of the time they wait for somebody to notice. */
const lanes = 3;

const notReached = "not reached";

const otherOf = (server: string) => (server === "nginx" ? "apache" : "nginx");

/** One warm instance with sites, which is crashed again and again. */
class Lane {
  readonly #instance: TestInstance;
  readonly #plan: CrashPlan;
  readonly #admin: Client;
  readonly #visitors: Visitors;

  private constructor(instance: TestInstance, plan: CrashPlan, admin: Client, visitors: Visitors) {
    this.#instance = instance;
    this.#plan = plan;
    this.#admin = admin;
    this.#visitors = visitors;
  }

  static async open(): Promise<Lane> {
    const instance = await TestInstance.prepare();
    try {
      const plan = new CrashPlan(instance.dir);
      await instance.up(plan.env);
      const admin = await instance.admin();
      const visitors = new Visitors(instance.ports.services, await buildSites(admin, sites));
      await visitors.learn();
      return new Lane(instance, plan, admin, visitors);
    } catch (error) {
      await instance.destroy();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#admin.close();
    await this.#instance.destroy();
  }

  /** Each step that a switch reaches, at the first and the last time: `kernel:<step>:<n>` and `helper:<step>:<n>`. */
  async points(to: string): Promise<readonly string[]> {
    const reached = await this.#plan.record(async () => {
      const view = await endOf(this.#admin, await beginSwitch(this.#admin, "web_server", to));
      expect(view).toMatchObject({ state: "done" });
    });
    return firstAndLast(reached);
  }

  /** Switches, and dies at a step. Answers which server it was afterwards. */
  async crashAt(point: string): Promise<string> {
    this.#plan.arm();
    await this.#recover();
    const from = await optionOf(this.#admin, "web_server");
    const [helper, kernel] = [this.#instance.pid, this.#instance.kernelPid()];
    this.#plan.arm(point);
    // The kernel may die before it answers; any other refusal is told when the step is not reached.
    let refusal = "";
    const id = await beginSwitch(this.#admin, "web_server", otherOf(from)).catch((error: Error) => {
      refusal = error.message;
      return undefined;
    });
    const victim = point.startsWith("helper:") ? helper : kernel;
    // The way back writes fewer files, so that it may not come to the last of them.
    const isDone = async () => {
      if (id === undefined) throw new Error(refusal);
      return (await endOf(this.#admin, id, 0)).state === "done";
    };
    await until(`${point} to be reached`, async () => !isAlive(victim) || (await isDone()), patience);
    const isReached = !isAlive(victim);
    if (!isReached) this.#plan.arm();
    // Its last moment is not the panel that came back.
    if (isReached) await until("the kernel to end with its helper", () => !isAlive(kernel), patience);
    await this.#recover();
    if (id !== undefined) await endOf(this.#admin, id, patience);
    await until(`after ${point}`, () => this.#isWhole(), patience);
    return isReached ? optionOf(this.#admin, "web_server") : notReached;
  }

  /** Starts what does not start by itself, until the panel answers and has died as often as it was told to. */
  async #recover(): Promise<void> {
    await until(
      "the panel to come back",
      async () => {
        if (!this.#instance.isUp) await this.#instance.up(this.#plan.env).catch(() => undefined);
        return (await this.#admin.get("auth/me")).status === 200 && this.#plan.isObeyed;
      },
      patience,
    );
  }

  /** Exactly one server runs, the option names it, and it answers every site as before. */
  async #isWhole(): Promise<boolean> {
    const chosen = await optionOf(this.#admin, "web_server");
    // A kernel that died before it answered may have left a switch that nobody was told of, and that goes on.
    const asked = { key: "web_server", value: otherOf(chosen) };
    const { warnings } = await must(this.#admin.get("system/switch-preview", asked));
    if (warnings.length > 0) throw new Error(warnings.join());
    const { services } = await must(this.#admin.get("system/stats"));
    const running = (services as { name: string; status: string }[])
      .filter(({ name, status }) => status === "running" && (name === "nginx" || name === "apache"))
      .map(({ name }) => name);
    if (running.join() !== chosen) throw new Error(`${chosen} is chosen, but ${running.join(" and ")} runs`);
    for (const [one, expected] of this.#visitors.expected) {
      const page = await visit(this.#instance.ports.services, one);
      if (!isSame(page, expected)) throw new Error(`${one.scheme} ${one.host}${one.path} answers ${page.status}`);
    }
    const { plan: steps } = await must(this.#admin.get("reconcile/plan"));
    if (steps.length > 0) throw new Error(`there is something to do: ${JSON.stringify(steps[0])}`);
    return true;
  }
}

test("a switch is done or undone after a crash at any of its steps", async () => {
  const open = await openAll(lanes, () => Lane.open());
  try {
    // Once each way everywhere, so that every lane starts from the same.
    const [points = []] = await Promise.all(open.map((lane) => lane.points("apache")));
    await Promise.all(open.map((lane) => lane.points("nginx")));
    const ends: Record<string, number> = {};
    const problems: string[] = [];
    const left = [...points];
    const work = async (lane: Lane) => {
      for (let point = left.shift(); point !== undefined; point = left.shift()) {
        try {
          const end = await lane.crashAt(point);
          ends[end] = (ends[end] ?? 0) + 1;
        } catch (error) {
          problems.push(toProblem(point, error as Error));
        }
      }
    };
    await Promise.all(open.map(work));
    expect(problems).toEqual([]);
    process.stdout.write(`${points.length} points of a switch: ${JSON.stringify(ends)}\n`);
    expect(points.some((point) => point.includes("switch:"))).toBe(true);
    expect(ends[notReached] ?? 0).toBeLessThan(points.length / 5);
  } finally {
    await Promise.all(open.map((lane) => lane.close()));
  }
}, 1_200_000);

function toProblem(point: string, { cause, message }: Error): string {
  return `${point}: ${message}: ${cause instanceof Error ? cause.message : ""}`;
}
