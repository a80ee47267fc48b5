import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { corpusItems, generated } from "../corpora/corpus.ts";
import type { Client } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";
import { until } from "../harness/wait.ts";
import { sampleInput } from "../matrix/inputs.ts";
import { type DescribedOperation, describeOperations } from "../matrix/operations.ts";
import { sendRaw as sendBytes } from "./raw-request.ts";
import { changesBetween, columnsOf, type State, stateOf } from "./state.ts";
import { WatchedClient } from "./watched-client.ts";

/** What frameworks and panels call the things a caller must not set. */
const genericNames = [
  ..."role roles is_admin isAdmin admin superuser permissions scopes owner owner_id ownerId user_id userId account_id".split(
    " ",
  ),
  ..."reseller_id tenant_id id _id uuid password_hash passwordHash hash salt shell home home_dir uid gid status active".split(
    " ",
  ),
  ..."enabled suspended verified created_at updated_at createdAt deleted_at disk_quota quota max_domains credits".split(
    " ",
  ),
  ..."dry_run dryRun debug admin_override confirm force _method callback $where $ne toString valueOf hasOwnProperty".split(
    " ",
  ),
  ..."action resource ip ip_address impersonator impersonator_id two_factor totp_sealed token secret".split(" "),
];

describe("request bodies", () => {
  const watched = new WatchedClient();
  let instance: TestInstance;
  let admin: Client;
  let changes: readonly DescribedOperation[];
  let before: State;

  beforeAll(async () => {
    instance = await TestInstance.start();
    admin = await instance.admin();
    changes = (await describeOperations(admin)).filter((operation) => operation.method !== "GET");
    await until("the start is over", async () => (await admin.get("reconcile/plan")).body.data.plan.length === 0);
    before = await stateOf(instance);
  });
  afterAll(async () => {
    console.log(`bodies: ${watched.asked} requests, ${changes.length} changes`);
    await instance.destroy();
  });

  const sendRaw = (operation: DescribedOperation, raw: string, headers: Record<string, string> = {}) =>
    watched.call(admin, operation.method, operation.path, {
      raw,
      headers: { "content-type": "application/json", ...headers },
    });

  /** Bodies no operation may take, with the status they must get. */
  function brokenBodies(): readonly (readonly [name: string, raw: string, status: number])[] {
    const deep = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    return [
      ["the same key twice", '{"id":1,"id":2}', 400],
      ["the same key in two spellings", '{"id":1,"\\u0069d":2}', 400],
      ["a key twice further down", '{"a":{"b":1,"b":2}}', 400],
      ["__proto__", '{"__proto__":{"role":"admin"}}', 400],
      ["__proto__ in disguise", '{"\\u005f_proto__":{"role":"admin"}}', 400],
      ["constructor", '{"constructor":{"prototype":{"role":"admin"}}}', 400],
      ["a number that is none", '{"id":NaN}', 400],
      ["infinity", '{"id":Infinity}', 400],
      ["an overflow", '{"id":1e999}', 400],
      ["two documents", '{"a":1}{"b":2}', 400],
      ["a comment", '{"a":1/**/}', 400],
      ["a trailing comma", '{"a":1,}', 400],
      ["single quotes", "{'a':1}", 400],
      ["a byte order mark", "\ufeff{}", 400],
      ["an array", "[]", 400],
      ["null", "null", 400],
      ["text", '"a"', 400],
      ["a number", "1", 400],
      ["too deep", deep(21), 400],
      ["much too deep", deep(100_000), 400],
      ["200000 brackets", generated({ prefix: "", unit: "[", times: 200_000, suffix: "]" }) ?? "", 400],
      ["100000 keys", `{${Array.from({ length: 100_000 }, (_, at) => `"${at.toString(36)}":1`).join()}}`, 400],
      ["1001 keys", `{${Array.from({ length: 1001 }, (_, at) => `"k${at}":1`).join()}}`, 400],
      ["one byte too many", `{"a":"${"x".repeat(1024 * 1024 - 8 + 1)}"}`, 413],
    ];
  }

  it("that are no plain object are refused by every change", async () => {
    const wrong: string[] = [];
    for (const [name, raw, status] of brokenBodies()) {
      for (const operation of changes) {
        // Big ones for a few are enough: what reads them is one for all.
        if (raw.length > 50_000 && operation.id !== "domains.add" && operation.id !== "auth.login") continue;
        const answer = await sendRaw(operation, raw);
        if (answer.status !== status) wrong.push(`${operation.id} ${name}: ${answer.status} ${answer.text}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("of exactly a mebibyte are read, of one byte more in pieces are not", async () => {
    const [operation] = changes.filter(({ id }) => id === "domains.add");
    if (!operation) throw new Error("no domains.add");
    const whole = await sendRaw(operation, `{"a":"${"x".repeat(1024 * 1024 - 8)}"}`);
    expect(whole.status).toBe(400);
    const piece = "x".repeat(65_536);
    const chunks = `${`10000\r\n${piece}\r\n`.repeat(17)}0\r\n\r\n`;
    const head = `POST /api/domains/add HTTP/1.1\r\nHost: x\r\nCookie: ${admin.cookie}\r\nContent-Type: application/json\r\n`;
    const chunked = await sendBytes(instance.ports.panel + 2, `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
    expect(chunked.status).toBe(413);
    const large = await sendRaw(operation, `{"a":"${"x".repeat(8 * 1024 * 1024)}"}`);
    expect(large.status).toBe(413);
    // More than anybody sends by mistake may also be cut off.
    const huge = sendRaw(operation, "x".repeat(64 * 1024 * 1024)).then((answer) => answer.status);
    expect(await huge.catch((error: NodeJS.ErrnoException) => error.code)).toSatisfy((end) =>
      [413, "ECONNRESET", "EPIPE"].includes(end),
    );
  });

  it("of the corpus are refused", async () => {
    const wrong: string[] = [];
    const update = changes.find(({ id }) => id === "accounts.update");
    if (!update) throw new Error("no accounts.update");
    const items = corpusItems("request_body").filter((item) => item.verdict === "reject" && item.input !== undefined);
    for (const item of items) {
      const input = item.input as { __raw__?: string };
      // Items of a listing are asked of it; the others come with the id of an object.
      if ("page" in input || "per_page" in input || "sort" in input || "search" in input) continue;
      const same = { id: 999_999, ...input };
      const raw = input.__raw__ ?? JSON.stringify(same);
      const answer = await sendRaw(update, raw);
      const unknown = item.id === "bdy-006";
      if (answer.status !== (unknown ? 404 : 400)) wrong.push(`${item.id}: ${answer.status} ${answer.text}`);
    }
    expect(wrong).toEqual([]);
    for (const query of [
      "page=1;%20DROP%20TABLE",
      "per_page=-1",
      "per_page=1&per_page=2",
      "sort=3",
      "page=1e3",
      "page=%201",
    ]) {
      expect((await watched.call(admin, "GET", `/api/accounts/list?${query}`)).status, query).toBe(400);
    }
    const wild = await watched.call(admin, "GET", "accounts/list", { query: { search: "%_\\" } });
    expect(wild.body.data.items).toEqual([]);
  });

  it("with a field nobody declared are refused by every change, and the field is named", async () => {
    const columns = [...(await columnsOf(instance)).values()].flat();
    const names = new Set([...columns, ...genericNames]);
    const wrong: string[] = [];
    let cells = 0;
    for (const operation of changes) {
      const valid = sampleInput(operation, 999_999);
      for (const name of names) {
        if (name in operation.fields) continue;
        cells += 1;
        const answer = await sendRaw(operation, JSON.stringify({ ...valid, [name]: 1 }));
        const errors: { field: string; code: string }[] = answer.body?.errors ?? [];
        const named = errors.some(({ code, field }) => field === name.replaceAll("$", "?") && code === "unknown");
        if (answer.status !== 400 || !named) wrong.push(`${operation.id} ${name}: ${answer.status} ${answer.text}`);
      }
    }
    console.log(`mass assignment: ${cells} cells, ${names.size} names`);
    expect(wrong).toEqual([]);
    expect(cells).toBeGreaterThan(3000);
  });

  it("are the only place for the fields of a change", async () => {
    const wrong: string[] = [];
    for (const operation of changes) {
      const [field = "id"] = Object.keys(operation.fields);
      for (const query of [{ [field]: "1" }, { dry_run: "true" }, { dry_run: "" }, { role: "admin" }]) {
        const answer = await watched.call(admin, operation.method, operation.path, {
          query,
          body: sampleInput(operation, 999_999),
        });
        if (answer.status !== 400) wrong.push(`${operation.id}: ${answer.status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("left nothing behind, and no answer told too much", async () => {
    expect(watched.faults).toEqual([]);
    expect(changesBetween(before, await stateOf(instance))).toEqual([]);
    expect((await admin.get("auth/me")).body.data.role).toBe("admin");
  });
});
