import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer, Client } from "../harness/client.ts";
import { adminPassword, TestInstance } from "../harness/instance.ts";
import { createAccount, holderPassword, type NewAccount } from "../harness/must.ts";
import { deviations, endpoint, endpoints } from "./contract.ts";

let instance: TestInstance;
let admin: Client;
let account: NewAccount;
const answered = new Set<string>();

beforeAll(async () => {
  instance = await TestInstance.start();
  admin = await instance.admin();
  account = await createAccount(admin, "contract", { email: "holder@example.org" });
});
afterAll(() => instance?.destroy());

/** Calls an endpoint as the contract describes it and compares what it answers with what is written there. */
async function ask(id: string, input: object = {}, client: Client = admin): Promise<Answer> {
  const { method, path, shape } = endpoint(id);
  const answer = await (method === "GET"
    ? client.get(path, input as Record<string, string | number>)
    : client.call(method, path, { body: input }));
  expect(answer.status, `${id}: ${answer.text}`).toBe(200);
  expect(Object.keys(answer.body)).toEqual(["success", "message", "data"]);
  expect(answer.body.success).toBe(true);
  expect(typeof answer.body.message).toBe("string");
  expect(deviations(answer.body.data, shape.data, "data", id)).toEqual([]);
  expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  answered.add(id);
  return answer;
}

function expectRefusal(answer: Answer, status: number, message?: RegExp): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.body).toMatchObject({ success: false, message: expect.any(String), errors: expect.any(Array) });
  expect("data" in answer.body && answer.body.data === undefined).toBe(false);
  if (message) expect(answer.body.message).toMatch(message);
  if (status === 400) expect(JSON.stringify(answer.body)).not.toContain("nonsense-value");
}

describe("auth", () => {
  it("login, me, logout", async () => {
    const client = instance.client();
    const login = await ask("auth.login", { username: "contract", password: holderPassword }, client);
    expect(login.body.data).toMatchObject({
      user: { username: "contract", role: "user" },
      portal_url: instance.file.panel.user,
    });
    const cookie = String(login.headers["set-cookie"]);
    expect(cookie).toMatch(/^ncpx_session=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax; Max-Age=\d+$/);
    expect((await ask("auth.me", {}, client)).body.data).toMatchObject({ email: "holder@example.org", role: "user" });
    const out = await ask("auth.logout", {}, client);
    expect(String(out.headers["set-cookie"])).toMatch(/^ncpx_session=;.*Max-Age=0$/);
    expectRefusal(await client.get("auth/me"), 401);
    client.cookie = cookie.split(";", 1)[0];
    expectRefusal(await client.get("auth/me"), 401);
  });

  it("login of an admin leads to the admin panel; wrong ones are all alike", async () => {
    const client = instance.client();
    const good = await ask("auth.login", { username: "admin", password: adminPassword }, client);
    expect(good.body.data.portal_url).toBe(instance.file.panel.admin);
    const unknown = await instance.client().login("nobody", "wrong password");
    const wrong = await instance.client().login("admin", "wrong password");
    expectRefusal(unknown, 401);
    expect(wrong.body).toEqual(unknown.body);
    expectRefusal(await instance.client().post("auth/login", { username: "admin" }), 400);
  });

  it("change-password", async () => {
    await createAccount(admin, "changer");
    const client = instance.client();
    await client.login("changer", holderPassword);
    const change = (current: string, next: string, again = next) => ({
      current_password: current,
      new_password: next,
      confirm_password: again,
    });
    expectRefusal(await client.post("auth/change-password", change("not the one", "a new long password")), 403);
    expectRefusal(await client.post("auth/change-password", change(holderPassword, "a new long password", "b")), 400);
    expectRefusal(await client.post("auth/change-password", change(holderPassword, "short")), 400);
    await ask("auth.change-password", change(holderPassword, "a new long password"), client);
    expect((await instance.client().login("changer", holderPassword)).status).toBe(401);
    expect((await instance.client().login("changer", "a new long password")).status).toBe(200);
  });
});

describe("accounts", () => {
  const wanted = { username: "second", domain: "second.test", email: "second@example.org", password: holderPassword };

  it("create, list, get, usage", async () => {
    const { data } = (await ask("accounts.create", wanted)).body;
    expect(data).toMatchObject({ username: "second", status: "active", package_id: null, reseller_id: null });
    expect(data.domains).toMatchObject([{ domain: "second.test", type: "main" }]);
    const list = (await ask("accounts.list", { search: "second", status: "active", page: 1, per_page: 10 })).body.data;
    expect(list).toMatchObject({ items: [{ id: data.id }], meta: { total: 1, page: 1, per_page: 10, pages: 1 } });
    expect((await ask("accounts.get", { id: data.id })).body.data.home_dir).toBe(data.home_dir);
    expect((await ask("accounts.usage", { id: data.id })).body.data.domains).toEqual({ used: 1, limit: null });
  });

  it("refuse a name or a domain that is taken, and what is not valid", async () => {
    expectRefusal(
      await admin.post("accounts/create", { ...wanted, domain: "third.test", email: "3@example.org" }),
      409,
    );
    expectRefusal(await admin.post("accounts/create", { ...wanted, username: "third", email: "3@example.org" }), 409);
    const bad = await admin.post("accounts/create", {
      ...wanted,
      username: "Nonsense-Value!",
      domain: "nonsense-value",
    });
    expectRefusal(bad, 400);
    expect((bad.body.errors as { field: string }[]).map((error) => error.field).sort()).toEqual(["domain", "username"]);
    expectRefusal(await admin.post("accounts/create", { ...wanted, colour: "nonsense-value" }), 400);
    expectRefusal(await admin.post("accounts/create", { ...wanted, username: "third", php_version: "5.3" }), 400);
    expectRefusal(await admin.get("accounts/get", { id: 4711 }), 404, /account not found/);
  });

  it("change-password, suspend, unsuspend, terminate", async () => {
    const { id } = await createAccount(admin, "shortlived");
    await ask("accounts.change-password", { account_id: id, password: "another long password" });
    expect((await instance.client().login("shortlived", "another long password")).status).toBe(200);
    await ask("accounts.suspend", { id, reason: "not paid" });
    expect((await ask("accounts.get", { id })).body.data).toMatchObject({
      status: "suspended",
      suspend_reason: "not paid",
    });
    expect((await ask("accounts.list", { status: "suspended" })).body.data.meta.total).toBe(1);
    await ask("accounts.unsuspend", { id });
    await ask("accounts.terminate", { id });
    for (const path of ["suspend", "unsuspend", "terminate"])
      expectRefusal(await admin.post(`accounts/${path}`, { id }), 404);
    expectRefusal(await admin.post("accounts/change-password", { account_id: id, password: "another long one" }), 404);
    expectRefusal(await admin.get("accounts/usage", { id }), 404);
  });
});

describe("packages", () => {
  const limits = { disk_mb: 512, max_email: 1, max_databases: 2, max_ftp: 3, max_domains: 4, max_subdomains: 5 };

  it("create, list, update, delete", async () => {
    const { id } = (await ask("packages.create", { name: "Starter", ...limits })).body.data;
    expectRefusal(await admin.post("packages/create", { name: "Starter", ...limits }), 409);
    expectRefusal(await admin.post("packages/create", { name: "Half", disk_mb: 1 }), 400);
    expect((await ask("packages.list")).body.data).toMatchObject([
      { id, name: "Starter", ...limits, account_count: 0 },
    ]);
    expect((await ask("packages.update", { id, disk_mb: 1024 })).body.data).toMatchObject({
      disk_mb: 1024,
      max_ftp: 3,
    });
    const tenant = await createAccount(admin, "packaged", { package_id: id });
    const usage = (await ask("accounts.usage", { id: tenant.id })).body.data;
    expect(usage).toMatchObject({
      disk: { limit_mb: 1024 },
      email: { used: 0, limit: 1 },
      domains: { used: 1, limit: 4 },
    });
    expect((await ask("packages.list")).body.data[0].account_count).toBe(1);
    await ask("packages.delete", { id });
    expectRefusal(await admin.delete("packages/delete", { id }), 404);
    expectRefusal(await admin.post("packages/update", { id, disk_mb: 1 }), 404);
    expect((await ask("accounts.get", { id: tenant.id })).body.data).toMatchObject({
      package_id: null,
      package_name: null,
    });
  });
});

describe("domains", () => {
  it("add, list, remove", async () => {
    const add = { account_id: account.id, domain: "addon.test", type: "addon" };
    const added = (await ask("domains.add", add)).body.data;
    expectRefusal(await admin.post("domains/add", add), 409, /already exists/);
    expectRefusal(await admin.post("domains/add", { ...add, domain: "o.test", document_root: "/etc" }), 400);
    expectRefusal(await admin.post("domains/add", { ...add, domain: "sub.elsewhere.test", type: "subdomain" }), 400);
    expectRefusal(await admin.post("domains/add", { ...add, domain: "r.test", type: "redirect" }), 400);
    const redirect = { ...add, domain: "r.test", type: "redirect", redirect_to: "https://example.org/" };
    expect((await ask("domains.add", redirect)).body.data).toMatchObject({ redirect_code: 301, php_version: null });
    const list = (await ask("domains.list", { account_id: account.id })).body.data as { domain: string }[];
    expect(list.map((one) => one.domain)).toEqual(["contract.test", "addon.test", "r.test"]);
    await ask("domains.remove", { account_id: account.id, domain_id: added.id });
    expectRefusal(await admin.post("domains/remove", { account_id: account.id, domain_id: added.id }), 404);
    const main = account.domains[0]?.id;
    expectRefusal(await admin.post("domains/remove", { account_id: account.id, domain_id: main }), 400, /primary/);
  });

  it("infer the account of its holder", async () => {
    const holder = instance.client();
    await holder.login("contract", holderPassword);
    expect((await ask("domains.list", {}, holder)).body.data).toHaveLength(2);
    const { id } = (await ask("domains.add", { domain: "own.test", type: "addon" }, holder)).body.data;
    await ask("domains.remove", { domain_id: id }, holder);
    expect((await ask("stats.account", {}, holder)).body.data.account_id).toBe(account.id);
    for (const id of ["ssl.list", "dns.list"]) {
      const { data } = (await ask(id, {}, holder)).body;
      expect(data.map((one: { account_id: number }) => one.account_id)).toEqual([account.id, account.id]);
    }
  });
});

describe("ssl", () => {
  it("list, delete", async () => {
    const listed = async () => (await ask("ssl.list", { account_id: account.id })).body.data;
    const [{ id }] = await listed();
    const own = { id, account_id: account.id, domain: "contract.test", type: "self_signed", status: "active" };
    expect(await listed()).toMatchObject([{ ...own, auto_renew: false }, { domain: "r.test" }]);
    await ask("ssl.delete", { id });
    // A domain is never without one: the panel signs another.
    expect(await listed()).toMatchObject([own, { domain: "r.test" }]);
    expectRefusal(await admin.post("ssl/delete", { id: 4711 }), 404, /certificate not found/);
    expectRefusal(await admin.get("ssl/list", { account_id: 4711 }), 404, /account not found/);
    expectRefusal(await admin.get("ssl/list", { account_id: "nonsense-value" }), 400);
  });
});

describe("dns", () => {
  const zoneOf = async () => (await ask("dns.list", { account_id: account.id })).body.data[0];

  it("list, records", async () => {
    const zone = await zoneOf();
    expect(zone).toMatchObject({ account_id: account.id, domain: "contract.test", ttl: 3600, status: "active" });
    const records = (await ask("dns.records", { zone_id: zone.id })).body.data;
    expect(records).toHaveLength(zone.record_count);
    expect(records).toContainEqual(expect.objectContaining({ type: "NS", name: "@", value: zone.primary_ns }));
    expectRefusal(await admin.get("dns/list", { account_id: 4711 }), 404, /account not found/);
    expectRefusal(await admin.get("dns/records", { zone_id: 4711 }), 404, /zone not found/);
  });

  it("add-record, update-record, delete-record", async () => {
    const { id: zone_id, serial } = await zoneOf();
    const address = { zone_id, type: "A", name: "shop", value: "192.0.2.1" };
    const { id } = (await ask("dns.add-record", address)).body.data;
    expectRefusal(await admin.post("dns/add-record", address), 409);
    expectRefusal(await admin.post("dns/add-record", { ...address, value: "nonsense-value" }), 400);
    expectRefusal(await admin.post("dns/add-record", { ...address, type: "nonsense-value" }), 400);
    expectRefusal(await admin.post("dns/add-record", { ...address, zone_id: 4711 }), 404, /zone not found/);
    const changed = { record_id: id, name: "@", value: "192.0.2.2", ttl: 300 };
    expect((await ask("dns.update-record", { ...changed, name: "store" })).body.data).toEqual({
      id,
      zone_id,
      type: "A",
      name: "store",
      value: "192.0.2.2",
      ttl: 300,
      priority: null,
      managed_by: null,
    });
    expect((await zoneOf()).serial).toBeGreaterThan(serial);
    await ask("dns.delete-record", { record_id: id });
    expectRefusal(await admin.post("dns/delete-record", { record_id: id }), 404, /record not found/);
    expectRefusal(await admin.post("dns/update-record", changed), 404, /record not found/);
  });

  it("take a priority in its field or before the value, and `content` for `value`", async () => {
    const { id: zone_id } = await zoneOf();
    const mail = { zone_id, type: "MX", name: "lists" };
    const shown = { type: "MX", value: "mx.example.org", priority: 10, ttl: 3600 };
    const first = await ask("dns.add-record", { ...mail, value: "10 mx.example.org" });
    expect(first.body.data).toMatchObject(shown);
    await ask("dns.delete-record", { record_id: first.body.data.id });
    const second = await ask("dns.add-record", { ...mail, content: "mx.example.org", priority: 10, ttl: 3600 });
    expect(second.body.data).toMatchObject(shown);
    expectRefusal(await admin.post("dns/add-record", { ...mail, value: "mx2.example.org" }), 400);
  });
});

describe("sessions", () => {
  it("list, revoke, revoke-user, revoke-all", async () => {
    const holder = instance.client();
    const user = (await holder.login("contract", holderPassword)).body.data.user;
    const own = (await ask("sessions.list", {}, holder)).body.data as {
      id: string;
      current: boolean;
      user_id: number;
    }[];
    expect(own.every((one) => one.user_id === user.id)).toBe(true);
    const current = own.find((one) => one.current);
    expect(holder.cookie).not.toContain(current?.id);
    expectRefusal(await holder.delete("sessions/revoke", { session_id: current?.id }), 403);
    await ask("sessions.revoke", { session_id: current?.id });
    expectRefusal(await holder.get("auth/me"), 401);
    expectRefusal(await admin.delete("sessions/revoke", { session_id: current?.id }), 404);
    await holder.login("contract", holderPassword);
    expect((await ask("sessions.revoke-user", { user_id: user.id })).body.data.revoked).toBeGreaterThanOrEqual(1);
    expectRefusal(await holder.get("auth/me"), 401);
    expectRefusal(await admin.delete("sessions/revoke-user", { user_id: 4711 }), 404);
    expect((await ask("sessions.revoke-all")).body.data.revoked).toBeGreaterThanOrEqual(1);
    expectRefusal(await admin.get("auth/me"), 401);
    expect((await admin.login("admin", adminPassword)).status).toBe(200);
  });
});

describe("system and stats", () => {
  it("version, without a login", async () => {
    const { data } = (await ask("system.version", {}, instance.client())).body;
    expect(data).toMatchObject({ version: instance.file.version, php_version: account.php_version });
  });

  it("stats, audit-log, stats.server", async () => {
    const { services, load } = (await ask("system.stats")).body.data;
    expect(services).toContainEqual({ name: "nginx", status: "running" });
    expect(load).toHaveLength(3);
    await ask("stats.server");
    await ask("stats.account", { account_id: account.id });
    const { items, meta } = (await ask("system.audit-log", { user: "adm", action: "accounts.", per_page: 2 })).body
      .data;
    expect(items).toHaveLength(2);
    expect(meta.pages).toBe(Math.ceil(meta.total / 2));
    expect(items[0]).toMatchObject({ username: "admin", action: expect.stringMatching(/^accounts\./) });
    const today = new Date().toISOString().slice(0, 10);
    expect((await ask("system.audit-log", { date_from: today, date_to: today })).body.data.meta.total).toBeGreaterThan(
      0,
    );
    expect((await ask("system.audit-log", { date_to: "2020-01-01" })).body.data.items).toEqual([]);
    expectRefusal(await admin.get("system/audit-log", { date_from: "nonsense-value" }), 400);
  });

  it("server-options and save-option", async () => {
    expect((await ask("system.server-options")).body.data).toMatchObject({
      web_server: "nginx",
      dns_server: "bind9",
      detected: { nginx: true, bind9: true },
    });
    await ask("system.save-option", { key: "ns1_hostname", value: "ns1.example.org" });
    await ask("system.save-option", { key: "whmcs_api_key", value: "0123456789abcdef-secret" });
    const options = await ask("system.server-options");
    expect(options.body.data).toMatchObject({ ns1_hostname: "ns1.example.org", whmcs_api_key: "***" });
    expect((await admin.get("system/audit-log", { action: "save-option" })).text).not.toContain("0123456789abcdef");
    expectRefusal(await admin.post("system/save-option", { key: "colour", value: "nonsense-value" }), 400);
    expectRefusal(await admin.post("system/save-option", { key: "web_server", value: "nonsense-value" }), 400);
  });

  it("service-action", async () => {
    const restart = (await ask("system.service-action", { service: "nginx", action: "restart" })).body.data;
    expect(restart).toEqual({ service: "nginx", status: "running" });
    expectRefusal(await admin.post("system/service-action", { service: "sshd", action: "stop" }), 404);
    expectRefusal(await admin.post("system/service-action", { service: "nginx", action: "nonsense-value" }), 400);
    expect((await instance.site("contract.test")).status).toBe(403);
  });
});

describe("the whole contract", () => {
  it("was asked, and is in the OpenAPI document with its methods and fields", async () => {
    const { status, body } = await instance.client().get("/api/openapi.json");
    expect(status).toBe(200);
    expect(body.openapi).toBe("3.1.0");
    for (const { id, method, path, input } of endpoints) {
      expect(answered.has(id), `${id} was not asked`).toBe(true);
      const operation = body.paths[path]?.[method.toLowerCase()];
      expect(operation?.operationId, `${method} ${path}`).toBe(id);
      const fields =
        method === "GET"
          ? (operation.parameters ?? []).map((parameter: { name: string }) => parameter.name)
          : Object.keys(operation.requestBody.content["application/json"].schema.properties ?? {});
      expect(fields, id).toEqual(expect.arrayContaining(Object.keys(input)));
    }
  });

  it("refuses every endpoint that is not public to a caller without a session", async () => {
    for (const { id, method, path } of endpoints) {
      if (id === "auth.login" || id === "system.version") continue;
      const answer = await instance.client().call(method, path, method === "GET" ? {} : { body: {} });
      expectRefusal(answer, 401);
    }
  });

  it("answers other methods 405 and other paths 404, in the envelope", async () => {
    for (const { method, path } of endpoints) {
      const answer = await admin.call(method === "GET" ? "POST" : "GET", path);
      expectRefusal(answer, 405);
      expect(answer.headers["allow"]).toBe(method);
    }
    expectRefusal(await admin.get("accounts/nothing"), 404);
    expectRefusal(await admin.get("/api/"), 404);
  });
});

it("the comparison itself notices what is missing, unknown or of another type", () => {
  const shape = endpoint("domains.list").shape.data;
  const good = {
    id: 1,
    account_id: 1,
    domain: "a.test",
    type: "main",
    document_root: null,
    php_version: "8.2",
    ssl_enabled: false,
    redirect_to: null,
    redirect_code: 301,
    created_at: "2026-01-01T00:00:00Z",
  };
  expect(deviations([good], shape)).toEqual([]);
  expect(deviations([{ ...good, id: "1" }], shape)).toEqual(['data[0].id is no int: "1"']);
  expect(deviations([{ ...good, type: "other" }], shape)).toHaveLength(1);
  expect(deviations([{ ...good, colour: 1 }], shape)).toEqual(["data[0].colour is not in the contract"]);
  expect(deviations([{ id: 1 }], shape)).toHaveLength(9);
  expect(deviations({}, shape)).toEqual(["data is no list"]);
});
