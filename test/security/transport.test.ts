import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { adminPassword, TestInstance } from "../harness/instance.ts";
import { until } from "../harness/wait.ts";
import { sampleInput } from "../matrix/inputs.ts";
import { type DescribedOperation, describeOperations } from "../matrix/operations.ts";
import { sendRaw } from "./raw-request.ts";
import { changesBetween, type State, stateOf } from "./state.ts";
import { WatchedClient } from "./watched-client.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

describe("requests that are not what they seem", () => {
  const watched = new WatchedClient();
  let instance: TestInstance;
  let admin: Client;
  let operations: readonly DescribedOperation[];
  let before: State;

  beforeAll(async () => {
    instance = await TestInstance.start();
    admin = await instance.admin();
    operations = await describeOperations(admin);
    await until("the start is over", async () => (await admin.get("reconcile/plan")).body.data.plan.length === 0);
    before = await stateOf(instance);
  });
  afterAll(async () => {
    console.log(`transport: ${watched.asked} requests, ${operations.length} operations`);
    await instance.destroy();
  });

  const port = () => instance.ports.panel + 2;
  const changes = () => operations.filter((operation) => operation.method !== "GET");
  const bodyOf = (operation: DescribedOperation) => sampleInput(operation, 999_999);

  /** Sends every change with these headers and says which were not refused with this status. */
  async function refusedBy(client: Client, headers: Record<string, string>, status: number): Promise<string[]> {
    const wrong: string[] = [];
    for (const operation of changes()) {
      const options = { body: bodyOf(operation), headers };
      const answer = await watched.call(client, operation.method, operation.path, options);
      if (answer.status !== status) wrong.push(`${operation.id}: ${answer.status} ${answer.text}`);
    }
    return wrong;
  }

  it("reach no operation by another method", async () => {
    const wrong: string[] = [];
    const extras = [
      { id: "openapi", path: "/api/openapi.json", method: "GET" },
      { id: "root", path: "/", method: "" },
    ];
    for (const { id, method: declared, path } of [...operations, ...extras]) {
      for (const method of methods.filter((one) => one !== declared)) {
        const body = method === "GET" || method === "HEAD" || method === "TRACE" ? {} : { raw: "{}" };
        const { status } = await watched.call(admin, method, path, body);
        if (status !== 404 && status !== 405) wrong.push(`${method} ${id}: ${status}`);
      }
    }
    for (const name of ["x-http-method-override", "x-http-method", "x-method-override"]) {
      const { status } = await watched.call(admin, "POST", "/api/accounts/list", {
        raw: "{}",
        headers: { [name]: "GET" },
      });
      if (status !== 405) wrong.push(`${name}: ${status}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    "/api/%61ccounts/list",
    "/API/accounts/list",
    "/api/Accounts/List",
    "/api//accounts/list",
    "//api/accounts/list",
    "/api/accounts/list/",
    "/api/accounts//list",
    "/api/./accounts/list",
    "/api/system/../accounts/list",
    "/api/accounts/%6cist",
    "/api/accounts%2flist",
    "/api/accounts/list;x=1",
    "/api/accounts/list%00",
    "/api/accounts/list%20",
    "/api/accounts/list%3fpage=1",
    "/api/accounts/list.json",
    "/api\\accounts\\list",
    "http://other.test/api/accounts/list",
    "https://127.0.0.1/api/accounts/list",
  ])("reach no operation by another path, %s", async (path) => {
    const raw = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${admin.cookie}\r\nConnection: close\r\n\r\n`;
    const { status, text } = await sendRaw(port(), raw);
    expect([400, 404]).toContain(status);
    expect(text).not.toContain('"items"');
  });

  it.each([
    [
      "a length and chunks",
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
    [
      "two lengths",
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      400,
    ],
    [
      "an unknown coding",
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, xchunked\r\n\r\n0\r\n\r\n",
      400,
    ],
    ["a blank before the colon", "GET /api/system/version HTTP/1.1\r\nHost : x\r\n\r\n", 400],
    ["a folded header", "GET /api/system/version HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400],
    ["two hosts", "GET /api/system/version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
    ["no host", "GET /api/system/version HTTP/1.1\r\n\r\n", 400],
    ["a host with a path", "GET /api/accounts/list HTTP/1.1\r\nHost: localhost:1/abchehe?\r\n\r\n", 400],
    ["a host with a user", "GET /api/accounts/list HTTP/1.1\r\nHost: a@b\r\n\r\n", 400],
    ["an empty host", "GET /api/accounts/list HTTP/1.1\r\nHost:\r\n\r\n", 400],
    ["headers without end", `GET /api/system/version HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(20_000)}\r\n\r\n`, 431],
    ["many headers", `GET /api/system/version HTTP/1.1\r\nHost: x\r\n${"Abcdef: ghij\r\n".repeat(4000)}\r\n`, 431],
    ["no version", "GET /api/system/version\r\n\r\n", 400],
    ["TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\nCookie: secret-canary\r\nConnection: close\r\n\r\n", 404],
  ])("with %s are refused once", async (_name, bytes, status) => {
    const answer = await sendRaw(port(), bytes, 1500);
    expect(answer.status).toBe(status);
    expect(answer.answers).toBe(1);
    expect(answer.text).not.toContain("secret-canary");
  });

  it("never speak without TLS", async () => {
    const { request } = await import("node:http");
    const outcome = await new Promise<string>((resolve) => {
      const sent = request({ host: "127.0.0.1", port: port(), path: "/api/system/version" }, (res) =>
        resolve(String(res.statusCode)),
      );
      sent.on("error", () => resolve("closed"));
      sent.end();
    });
    expect(outcome).toBe("closed");
  });

  it("that send headers slowly are cut off", async () => {
    const { closedAfter } = await sendRaw(port(), "GET /api/system/version HTTP/1.1\r\nHost: x\r\nA: ", 16_000);
    expect(closedAfter).toBeLessThan(15_000);
  }, 20_000);

  it("do not choose the address or the name the panel believes", async () => {
    const forged = {
      "x-forwarded-for": "6.6.6.6",
      "x-real-ip": "6.6.6.6",
      forwarded: "for=6.6.6.6;host=evil.test;proto=http",
      "x-forwarded-host": "evil.test",
      "x-forwarded-proto": "http",
      "cf-connecting-ip": "6.6.6.6",
      "true-client-ip": "6.6.6.6",
    };
    const client = instance.client();
    const body = { username: "admin", password: adminPassword };
    const login = await watched.call(client, "POST", "auth/login", { body, headers: { ...forged, host: "evil.test" } });
    expect(login.body.data.portal_url).toBe(instance.file.panel.admin);
    const failed = await watched.call(instance.client(), "POST", "auth/login", {
      body: { ...body, password: "wrong one" },
      headers: forged,
    });
    expect(failed.status).toBe(401);
    const { body: log } = await admin.get("system/audit-log", { per_page: 100 });
    expect(new Set(log.data.items.map((entry: { ip_address: string }) => entry.ip_address))).toEqual(
      new Set(["127.0.0.1"]),
    );
    const sessions = await client.get("sessions/list");
    expect(sessions.text).not.toContain("6.6.6.6");
    await client.post("auth/logout");
  });

  it("with credentials the panel does not know are nobody's", async () => {
    const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
    const unknown: readonly Record<string, string>[] = [
      { authorization: basic(`admin:${adminPassword}`) },
      { authorization: "Basic cm9vdDp4DQp0ZmFfdmVyaWZpZWQ9MQ0KaGFzcm9vdD0x" },
      { authorization: "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2ln" },
      { authorization: `Bearer pb_${"a".repeat(43)}` },
      { authorization: "Bearer " },
      { cookie: "ncpx_session=fixed123" },
      { cookie: `ncpx_session=${"a".repeat(43)}` },
      { cookie: `ncpx_session=a; ${admin.cookie}` },
      { cookie: `${admin.cookie}; ${admin.cookie}` },
      { cookie: `${admin.cookie}; ncpx_session=` },
      { cookie: String(admin.cookie), authorization: `Bearer pb_${"a".repeat(43)}` },
      { "x-whmcs-key": "" },
      { "x-api-key": "pk", "x-timestamp": "1e9", "x-signature": "a".repeat(63) },
      { username: "admin", password: adminPassword },
      { username: "admin", password: "" },
    ];
    const client = instance.client();
    for (const headers of unknown) {
      for (const path of ["accounts/list", "auth/me", "system/server-options"]) {
        expect((await watched.call(client, "GET", path, { headers })).status, JSON.stringify(headers)).toBe(401);
      }
      expect(
        await refusedBy(client, headers, 401).then((wrong) => wrong.filter((one) => !one.startsWith("auth.login"))),
      ).toEqual([]);
    }
  });

  it("do not choose their session", async () => {
    const fixed = `ncpx_session=${"f".repeat(43)}`;
    const client = instance.client();
    const body = { username: "admin", password: adminPassword };
    const login = await watched.call(client, "POST", "auth/login", { body, headers: { cookie: fixed } });
    expect(login.status).toBe(200);
    expect(client.cookie).toMatch(/^ncpx_session=[A-Za-z0-9_-]{43}$/);
    expect(client.cookie).not.toBe(fixed);
    const [line] = login.headers["set-cookie"] as string[];
    expect(line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax; Max-Age=\d+$/);
    const former = client.cookie;
    await client.login("admin", adminPassword);
    expect(client.cookie).not.toBe(former);
    await client.post("auth/logout");
    expect((await client.call("GET", "auth/me", { headers: { cookie: String(former) } })).status).toBe(200);
    await client.call("POST", "auth/logout", { body: {}, headers: { cookie: String(former) } });
    expect((await client.call("GET", "auth/me", { headers: { cookie: String(former) } })).status).toBe(401);
  });

  it.each([
    ["application/x-www-form-urlencoded"],
    ["multipart/form-data; boundary=x"],
    ["text/plain"],
    ["text/plain; application/json"],
    ["application/jsonx"],
    [""],
  ])("of a browser that declare their body as %j change nothing", async (type) => {
    expect(await refusedBy(admin, { "content-type": type }, 415)).toEqual([]);
  });

  it.each([
    [{ "sec-fetch-site": "cross-site" }],
    [{ "sec-fetch-site": "same-site" }],
    [{ "sec-fetch-site": "none" }],
    [{ origin: "null" }],
    [{ origin: "https://evil.test" }],
    [{ origin: "http://127.0.0.1" }],
    [{ origin: "https://127.0.0.1:1" }],
    [{ origin: "https://evil.test", "sec-fetch-site": "same-origin" }],
  ])("of a browser from another site change nothing, %j", async (headers) => {
    expect(await refusedBy(admin, headers, 403)).toEqual([]);
  });

  it("from the panel's own page are taken", async () => {
    const origin = `https://127.0.0.1:${port()}`;
    const headers = { origin, "sec-fetch-site": "same-origin" };
    const body = { key: "ns1_hostname", value: "" };
    expect(
      (await watched.call(admin, "POST", "system/save-option", { body, headers, query: { dry_run: 1 } })).status,
    ).toBe(200);
  });

  it("get every answer with its headers, without a word from inside, and never a 500", async () => {
    for (const operation of operations.filter(({ method }) => method === "GET")) {
      await watched.call(admin, "GET", operation.path, { query: bodyOf(operation) as Record<string, string> });
    }
    await watched.call(admin, "GET", "/api/openapi.json");
    await watched.call(admin, "GET", "/nowhere");
    await watched.call(admin, "GET", "operations/events", { query: { id: "x" } });
    const made = await watched.call(admin, "POST", "accounts/create", {
      body: { username: "async", domain: "async.test", email: "a@async.test", password: "a long enough password" },
      headers: { prefer: "respond-async" },
    });
    expect(made.status).toBe(202);
    const events = await watched.call(admin, "GET", "operations/events", {
      query: { id: made.body.data.operation_id },
    });
    expect(events.text).toContain("event: operation");
    expect(watched.faults).toEqual([]);
    expect(watched.asked).toBeGreaterThan(1000);
  });

  it("changed nothing but what was asked for", async () => {
    const account = (await admin.get("accounts/list")).body.data.items[0];
    await admin.post("accounts/terminate", { id: account.id });
    const applied = /^table (?:ledger_.*|reconcile_state|operations|idempotency|account_uids|sessions|undo_log|dirty)$/;
    const left = changesBetween(before, await stateOf(instance)).filter((name) => !applied.test(name));
    // Made once, by the first account there was.
    expect(left.filter((name) => !/^archive$|^etc\/(?:web-nginx|php|\.tx)\//.test(name))).toEqual([]);
  });
});
