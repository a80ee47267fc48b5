import type { Client } from "../harness/client.ts";
import { CrashPlan } from "../harness/crash-plan.ts";
import { TestInstance } from "../harness/instance.ts";
import { isAlive } from "../harness/processes.ts";
import { until } from "../harness/wait.ts";
import { type Subject, World } from "./world.ts";

export type Act = "create" | "add" | "terminate";
export const acts: readonly Act[] = ["create", "add", "terminate"];

/** Whom a crash takes: the process that reaches the step, or the other one as well. */
export type Victims = "one" | "both";

export interface Crash {
  readonly act: Act;
  /** `helper:<step>:<n>`; several one after the other for crashes during the recovery. */
  readonly points: readonly string[];
}

const subject: Subject = { username: "crashed", domain: "crashed.test", extra: "shop.crashed.test" };

/** What is true within this time after a start. Milliseconds. */
const patience = 10_000;

/** One warm instance that is crashed again and again, one change at a time. */
export class Lane {
  readonly #instance: TestInstance;
  readonly #plan: CrashPlan;
  readonly #admin: Client;
  readonly #world: World;

  private constructor(instance: TestInstance, plan: CrashPlan, admin: Client) {
    this.#instance = instance;
    this.#plan = plan;
    this.#admin = admin;
    this.#world = new World(instance, admin, subject);
  }

  static async open(): Promise<Lane> {
    const instance = await TestInstance.prepare();
    try {
      const plan = new CrashPlan(instance.dir);
      await instance.up(plan.env);
      return new Lane(instance, plan, await instance.admin());
    } catch (error) {
      await instance.destroy();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#admin.close();
    return this.#instance.destroy();
  }

  get output(): string {
    return this.#instance.output;
  }

  /** Brings about the state an act starts from. */
  async ready(act: Act): Promise<void> {
    let account = await this.#world.account();
    if (act === "create") {
      if (account) await this.#must("accounts/terminate", { id: account.id });
      return;
    }
    if (!account) await this.#must("accounts/create", newAccount);
    account = await this.#world.account();
    await this.#world.checkAccount();
    const extra = account?.domains.find((one) => one.domain === subject.extra);
    if (act === "terminate" && account && !extra) await this.#must("domains/add", extraOf(account.id));
    if (act === "terminate") await this.#world.checkExtra();
    if (act === "add" && account && extra)
      await this.#must("domains/remove", { account_id: account.id, domain_id: extra.id });
  }

  /** The steps that an act reaches, `helper:<step>:<n>`. Once without looking: the first of its kind does more. */
  async points(): Promise<Map<Act, string[]>> {
    const found = new Map<Act, string[]>();
    for (const round of [0, 1]) {
      for (const act of acts) {
        await this.ready(act);
        const points = await this.#plan.record(() => this.#run(act));
        if (round === 1) found.set(act, points);
      }
    }
    return found;
  }

  /** Crashes an act and judges what is there afterwards. Answers what became of it; throws what is wrong. */
  async crash({ act, points }: Crash, victims: Victims): Promise<"there" | "gone"> {
    this.#plan.arm();
    await this.#recover();
    await this.ready(act);
    const helper = this.#instance.pid;
    const kernel = this.#instance.kernelPid();
    this.#plan.arm(...points);
    const answer = await this.#run(act).then(
      (done) => done.status,
      () => 0,
    );
    if (answer !== 0 && answer !== 503 && !points[0]?.startsWith("helper:")) {
      await until(`a step that is never reached (${act} answered ${answer})`, () => !isAlive(kernel), 2000);
    }
    await this.#mourn({ helper, kernel }, victims, points);
    await this.#recover();
    let end: "there" | "gone" = "gone";
    await until(
      `after ${act} was crashed`,
      async () => {
        // A second crash may come after the panel has answered once.
        if (!this.#instance.isUp) await this.#recover();
        end = act === "add" ? await this.#world.checkExtra() : await this.#world.checkAccount();
        await this.#world.checkQuiet();
        if (act === "terminate" && end === "gone") this.#world.checkArchive();
        return true;
      },
      patience,
    );
    return end;
  }

  /** Waits until the victims are dead, and sees to it that all of them are. */
  async #mourn(
    { helper, kernel }: { helper: number; kernel: number },
    victims: Victims,
    points: readonly string[],
  ): Promise<void> {
    const first = points[0]?.startsWith("helper:") ? helper : kernel;
    const deadline = performance.now() + 3000;
    while (isAlive(first)) {
      if (performance.now() > deadline) throw new Error(`${points[0]} was never reached`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (victims === "both") for (const pid of [helper, kernel]) if (isAlive(pid)) process.kill(pid, "SIGKILL");
    if (victims === "both" || first === helper)
      await until("the kernel to end with its helper", () => !isAlive(kernel), 5000);
  }

  /** Starts what does not start by itself, until the panel answers; as often as there are crashes left. */
  async #recover(): Promise<void> {
    await until(
      "the panel to come back",
      async () => {
        if (!this.#instance.isUp) await this.#instance.up(this.#plan.env).catch(() => undefined);
        const answer = await this.#admin.get("auth/me");
        return answer.status === 200 && this.#plan.isObeyed;
      },
      20_000,
    );
  }

  async #run(act: Act) {
    if (act === "create") return this.#admin.post("accounts/create", newAccount);
    const account = await this.#world.account();
    if (!account) throw new Error("there is no account to work on");
    if (act === "terminate") return this.#admin.post("accounts/terminate", { id: account.id });
    return this.#admin.post("domains/add", extraOf(account.id));
  }

  async #must(path: string, body: object): Promise<void> {
    const answer = await this.#admin.post(path, body);
    if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}: ${answer.text}`);
  }
}

const extraOf = (id: number) => ({ account_id: id, domain: subject.extra, type: "subdomain" });

const newAccount = {
  username: subject.username,
  domain: subject.domain,
  email: "holder@crashed.test",
  password: "long enough for the panel",
};
