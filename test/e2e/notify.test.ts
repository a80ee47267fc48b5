import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { CrashPlan } from "../harness/crash-plan.ts";
import { TestInstance } from "../harness/instance.ts";
import { createAccount, holderPassword, must } from "../harness/must.ts";
import { until } from "../harness/wait.ts";

/** A plugin that writes down every account it hears of, and fails the first time it hears of one. */
const listener = (file: string) => `
import { appendFileSync, readFileSync } from "node:fs";
import { defineHook, definePlugin } from "../../sdk/index.js";
const told = new Set();
export default definePlugin((to) => {
  to.tap(defineHook("notify", "accounts.created"), async ({ username }) => {
    if (username.startsWith("twice") && !told.has(username)) {
      told.add(username);
      throw new Error("not now");
    }
    appendFileSync(${JSON.stringify(file)}, username + "\\n");
  });
});
`;

const manifest = {
  name: "@patchbay/listener",
  version: "1.0.0",
  private: true,
  type: "module",
  patchbay: { id: "listener", title: "Listener", sdk: "^1.0.0", requires: [] },
};

describe("a plugin that asked to be told of new accounts", () => {
  let instance: TestInstance;
  let plan: CrashPlan;
  let admin: Client;
  let file = "";
  const heard = () => readFileSync(file, "utf8").trim().split("\n").filter(Boolean);

  beforeAll(async () => {
    instance = await TestInstance.prepare({
      alter: (checkout) => {
        file = join(checkout, "..", "heard");
        writeFileSync(file, "");
        chmodSync(file, 0o666);
        for (const folder of ["plugins/listener", "dist/plugins/listener"]) mkdirSync(join(checkout, folder));
        writeFileSync(join(checkout, "plugins/listener/package.json"), JSON.stringify(manifest));
        writeFileSync(join(checkout, "dist/plugins/listener/index.js"), listener(file));
      },
    });
    plan = new CrashPlan(instance.dir);
    await instance.up(plan.env);
    admin = await instance.admin();
  });
  afterAll(() => instance?.destroy());

  async function crashWhileCreating(username: string, point: string): Promise<void> {
    const kernel = instance.kernelPid();
    plan.arm(point);
    const email = `${username}@example.org`;
    const account = { username, domain: `${username}.test`, email, password: holderPassword };
    await admin.post("accounts/create", account).catch(() => undefined);
    await until("another kernel", async () => {
      const answer = await admin.get("auth/me").catch(() => undefined);
      return answer?.status === 200 && instance.kernelPid() !== kernel;
    });
  }

  it("is told", async () => {
    await createAccount(admin, "plain");
    await until("the news", () => heard().includes("plain"));
  });

  it("is told again when it failed", async () => {
    await createAccount(admin, "twice");
    await until("the news", () => heard().includes("twice"), 30_000);
  });

  it("is told after a crash that came right after the commit", async () => {
    await crashWhileCreating("committed", "kernel:change:committed");
    await until("the news", () => heard().includes("committed"), 60_000);
    expect((await must(admin.get("accounts/list", { search: "committed" }))).items).toHaveLength(1);
  });

  it("is never told of what was not committed", async () => {
    await crashWhileCreating("lost", "kernel:change:before-commit");
    expect((await must(admin.get("accounts/list", { search: "lost" }))).items).toEqual([]);
    await createAccount(admin, "after");
    await until("the next news", () => heard().includes("after"), 30_000);
    expect(heard()).not.toContain("lost");
  });
});
