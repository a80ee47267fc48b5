import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer, Client } from "../harness/client.ts";
import { digestsUnder } from "../harness/files.ts";
import { TestInstance } from "../harness/instance.ts";
import { addDomain, createAccount, holderPassword, must, type NewAccount } from "../harness/must.ts";
import { until } from "../harness/wait.ts";

let instance: TestInstance;
let admin: Client;
let account: NewAccount;

beforeAll(async () => {
  instance = await TestInstance.start();
  admin = await instance.admin();
  account = await createAccount(admin, "apiuser");
});
afterAll(() => instance?.destroy());

const person = (username: string) => ({
  username,
  domain: `${username}.test`,
  email: `${username}@example.org`,
  password: holderPassword,
});
const statuses = (answers: readonly Answer[]) => answers.map((answer) => answer.status);
const count = (values: readonly number[], wanted: number) => values.filter((value) => value === wanted).length;

describe("lists", () => {
  beforeAll(async () => {
    for (let at = 0; at < 30; at += 1) {
      const redirect = { type: "redirect", redirect_to: "https://example.org/" };
      await addDomain(admin, account, `d${String(at).padStart(2, "0")}.apiuser.test`, redirect);
    }
    for (const name of ["pagea", "pageb", "pagec"]) await createAccount(admin, name);
  });

  it("come in pages that together hold everything once", async () => {
    const first = await must(admin.get("accounts/list", { per_page: 3 }));
    expect(first.meta).toEqual({ total: 4, page: 1, per_page: 3, pages: 2 });
    const second = await must(admin.get("accounts/list", { per_page: 3, page: 2 }));
    const names = [...first.items, ...second.items].map((item: { username: string }) => item.username);
    expect(names.sort()).toEqual(["apiuser", "pagea", "pageb", "pagec"]);
    expect((await must(admin.get("accounts/list", { per_page: 3, page: 9 }))).items).toEqual([]);
    expect((await must(admin.get("accounts/list"))).meta).toMatchObject({ page: 1, per_page: 25 });
    expect((await must(admin.get("accounts/list", { per_page: 1000 }))).meta).toMatchObject({ per_page: 100 });
  });

  it.each([
    { per_page: 0 },
    { page: 0 },
    { page: -1 },
    { page: "1e2" },
    { page: "x" },
    { status: "asleep" },
    { colour: "red" },
  ])("refuse %j", async (query) => {
    expect((await admin.get("accounts/list", query as unknown as Record<string, string>)).status).toBe(400);
  });

  it("search takes signs literally", async () => {
    expect((await must(admin.get("accounts/list", { search: "page" }))).meta.total).toBe(3);
    expect((await must(admin.get("accounts/list", { search: "pageb.test" }))).meta.total).toBe(1);
    for (const search of ["%", "_", "p%a", "' OR 1=1 --"]) {
      expect((await must(admin.get("accounts/list", { search }))).meta.total, search).toBe(0);
    }
  });

  it("count what they show", async () => {
    const [item] = (await must(admin.get("accounts/list", { search: "apiuser" }))).items;
    expect(item.domain_count).toBe(31);
    expect(await must(admin.get("domains/list", { account_id: account.id }))).toHaveLength(31);
  });
});

describe("Idempotency-Key", () => {
  it("makes one account of thirty equal requests at once, and answers all alike", async () => {
    const key = { "idempotency-key": randomUUID() };
    const clients = Array.from({ length: 6 }, () => {
      const client = admin.other();
      client.cookie = admin.cookie;
      return client;
    });
    const asked = Array.from({ length: 30 }, (_, at) =>
      (clients[at % 6] as Client).post("accounts/create", person("thirty"), key),
    );
    const answers = await Promise.all(asked);
    expect(statuses(answers)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect((await must(admin.get("accounts/list", { search: "thirty" }))).meta.total).toBe(1);
    const log = await must(admin.get("system/audit-log", { action: "accounts.create", per_page: 100 }));
    const created = (log.items as { resource: string; detail: { username?: string } }[]).filter(
      (entry) => entry.detail.username === "thirty" && entry.resource !== "",
    );
    expect(created).toHaveLength(1);
    const later = await admin.post("accounts/create", person("thirty"), key);
    expect(later.text).toBe(answers[0]?.text);
    for (const client of clients) client.close();
  });

  it("is refused for another request, and belongs to one user and one operation", async () => {
    const key = { "idempotency-key": "one-key" };
    const domain = { account_id: account.id, domain: "keyed.test", type: "addon" };
    expect((await admin.post("domains/add", domain, key)).status).toBe(200);
    const other = await admin.post("domains/add", { ...domain, domain: "other.test" }, key);
    expect(other).toMatchObject({ status: 409, body: { code: "IDEMPOTENCY_KEY_REUSED" } });
    expect((await admin.post("packages/create", packageOf("Keyed", 5), key)).status).toBe(200);
    const holder = instance.client();
    await holder.login("apiuser", holderPassword);
    expect((await holder.post("domains/add", { domain: "holder.test", type: "addon" }, key)).status).toBe(200);
    expect((await admin.post("domains/add", domain, { "idempotency-key": "no good" })).status).toBe(400);
  });

  it("keeps its answer over a restart", async () => {
    const key = { "idempotency-key": "over-a-restart" };
    const domain = { account_id: account.id, domain: "restart.test", type: "addon" };
    const first = await admin.post("domains/add", domain, key);
    process.kill(instance.kernelPid(), "SIGKILL");
    await until("the kernel", async () => (await admin.get("auth/me").catch(() => undefined))?.status === 200);
    expect(await admin.post("domains/add", domain, key)).toMatchObject({ status: 200, text: first.text });
  });
});

const packageOf = (name: string, max_domains: number) => ({
  name,
  disk_mb: 100,
  max_email: 1,
  max_databases: 1,
  max_ftp: 1,
  max_domains,
  max_subdomains: 1,
});

describe("limits of a package", () => {
  it("hold when fifty requests want the last place", async () => {
    const { id } = await must(admin.post("packages/create", packageOf("Tight", 3)));
    const tenant = await createAccount(admin, "tight", { package_id: id });
    await addDomain(admin, tenant, "second.tight.example");
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        admin.post("domains/add", { account_id: tenant.id, domain: `race${at}.example`, type: "addon" }),
      ),
    );
    expect(count(statuses(answers), 200)).toBe(1);
    expect(count(statuses(answers), 403)).toBe(49);
    const refused = answers.find((answer) => answer.status === 403);
    expect(refused?.body).toMatchObject({ code: "QUOTA_EXCEEDED", success: false });
    expect(await must(admin.get("domains/list", { account_id: tenant.id }))).toHaveLength(3);
    expect((await must(admin.get("accounts/usage", { id: tenant.id }))).domains).toEqual({ used: 3, limit: 3 });
  });

  it("let two subdomains race for one place", async () => {
    const [tenant] = (await must(admin.get("accounts/list", { search: "tight" }))).items;
    const add = (name: string) => ({ account_id: tenant.id, domain: `${name}.tight.test`, type: "subdomain" });
    const answers = await Promise.all(["a", "b"].map((name) => admin.post("domains/add", add(name))));
    expect(statuses(answers).sort()).toEqual([200, 403]);
  });
});

describe("two that want the same", () => {
  it("one domain name goes to one account", async () => {
    const rivals = await Promise.all(["rivala", "rivalb"].map((name) => createAccount(admin, name)));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        admin.post("domains/add", { account_id: rivals[at % 2]?.id, domain: "wanted.example", type: "addon" }),
      ),
    );
    expect(count(statuses(answers), 200)).toBe(1);
    expect(count(statuses(answers), 409)).toBe(19);
  });

  it("one user name goes to one account", async () => {
    const wanted = (at: number) => ({
      ...person("samename"),
      domain: `same${at}.test`,
      email: `same${at}@example.org`,
    });
    const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => admin.post("accounts/create", wanted(at))));
    expect(count(statuses(answers), 200)).toBe(1);
    expect(count(statuses(answers), 409)).toBe(7);
  });
});

describe("dry_run", () => {
  it("says what would be done and writes nothing", async () => {
    const before = digestsUnder(`${instance.data}/etc`);
    const log = (await must(admin.get("system/audit-log"))).meta.total;
    const answer = await admin.post("accounts/create?dry_run=1", person("dry"));
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body.data)).toEqual(["plan", "warnings"]);
    const targets = (answer.body.data.plan as { slot: string; action: string }[]).map(
      (step) => `${step.action} ${step.slot}`,
    );
    expect(targets).toEqual(expect.arrayContaining(["create accounts", "write php", "write web"]));
    expect(answer.text).not.toContain(holderPassword);
    expect((await must(admin.get("accounts/list", { search: "dry" }))).items).toEqual([]);
    expect(digestsUnder(`${instance.data}/etc`)).toEqual(before);
    expect((await must(admin.get("system/audit-log"))).meta.total).toBe(log);
    expect((await createAccount(admin, "dry")).username).toBe("dry");
  });

  it("refuses what the real call would refuse", async () => {
    expect((await admin.post("accounts/create?dry_run=1", person("apiuser"))).status).toBe(409);
    expect((await admin.post("accounts/create?dry_run=yes", person("dry2"))).status).toBe(400);
    expect((await admin.post("accounts/create?colour=1", person("dry2"))).status).toBe(400);
  });
});

describe("Prefer: respond-async", () => {
  it("answers 202 at once, and operations/get tells how it ended", async () => {
    const body = { account_id: account.id, domain: "later.test", type: "addon" };
    const answer = await admin.post("domains/add", body, { prefer: "respond-async" });
    expect(answer).toMatchObject({ status: 202, body: { success: true, data: { state: "running" } } });
    const id = answer.body.data.operation_id;
    const view = () => must(admin.get("operations/get", { id }));
    await until("the change to be done", async () => (await view()).state === "done");
    expect(await view()).toEqual({
      operation_id: id,
      action: "domains.add",
      state: "done",
      progress: 1,
      steps: [],
      error: null,
    });
    expect((await instance.site("later.test")).status).toBe(403);
    const stranger = instance.client();
    await stranger.login("apiuser", holderPassword);
    expect((await stranger.get("operations/get", { id })).status).toBe(404);
  });

  it("tells of a change that was taken back", async () => {
    const body = { domain_id: account.domains[0]?.id, provider: "nginx", content: "no_such_directive on;" };
    const { id } = await admin
      .post("domains/save-include", body, { prefer: "respond-async" })
      .then((answer) => ({ id: answer.body.data.operation_id }));
    const view = () => must(admin.get("operations/get", { id }));
    await until("the change to end", async () => (await view()).state !== "running");
    expect(await view()).toMatchObject({
      state: "undone",
      progress: 1,
      error: expect.stringMatching(/Nothing was changed/),
    });
  });
});
