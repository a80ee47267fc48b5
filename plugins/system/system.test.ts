import {
  type AuditFilter,
  AuditLog,
  type BackendState,
  Backends,
  type ChangeOperation,
  Clock,
  Machine,
  notFound,
  type OperationContext,
  type QueryOperation,
  type Read,
  ServerOptions,
  type ServiceStatus,
  Services,
  type SlotChoice,
  Switching,
  type Token,
  Writes,
} from "@patchbay/sdk";
import knex, { type Knex } from "knex";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { migrations } from "./migrations.ts";
import { auditLog } from "./operations/audit-log.ts";
import { detect, installBackend, switchPreview } from "./operations/backends.ts";
import { saveOption, serverOptions } from "./operations/server-options.ts";
import { serviceAction } from "./operations/service-action.ts";
import { systemStats } from "./operations/stats.ts";
import { settings } from "./options.ts";
import { collectSamples, listSamples } from "./samples.ts";

const gib = 1024 ** 3;
const sample = {
  cpuPercent: 7.4567,
  memory: { totalBytes: 2 * gib, usedBytes: gib / 2 },
  disk: { totalBytes: 40 * gib, usedBytes: 9.5 * gib },
  uptimeSeconds: 12.9,
  load: [0.123, 1, 2] as const,
};
const running: ServiceStatus[] = [
  { name: "nginx", plugin: "web-nginx", status: "running" },
  { name: "php-fpm@8.2-0", plugin: "php-fpm", status: "running" },
  { name: "caddy", plugin: "web-caddy", status: "stopped" },
];
const choices: SlotChoice[] = [
  {
    option: "web_server",
    slot: "web",
    title: "Web server",
    chosen: "nginx",
    optional: false,
    providers: [
      { id: "nginx", title: "nginx", plugin: "web-nginx", installed: true },
      { id: "caddy", title: "Caddy", plugin: "web-caddy", installed: true },
    ],
  },
];
const backend = (id: string, more: Partial<BackendState>): BackendState => ({
  option: "web_server",
  slot: "web",
  id,
  title: id,
  plugin: `web-${id}`,
  installed: true,
  version: "1.0-1",
  running: false,
  active: false,
  installable: false,
  ...more,
});
const backends: BackendState[] = [backend("nginx", { running: true, active: true }), backend("caddy", {})];

function contextOf(services: ReadonlyMap<string, unknown>, more: Partial<OperationContext> = {}): OperationContext {
  const use = <T>(token: Token<T>): T => {
    if (!services.has(token.id)) throw new Error(`no ${token.id}`);
    return services.get(token.id) as T;
  };
  return { use, now: 0, operationId: "op", dryRun: false, ...more } as OperationContext;
}

const ask = (operation: unknown, raw: unknown, ctx: OperationContext) => {
  const query = operation as QueryOperation<unknown, unknown>;
  return query.handle(v.parse(query.input, raw), ctx).then((output) => v.parse(query.output, output));
};

const stored = (values: Record<string, string>): ServerOptions => {
  return {
    choices: async () => choices,
    get: (key: string) => values[key] ?? "",
    all: () => values,
    save: async () => {},
  };
};

describe("server options", () => {
  it("answer the chosen backends, what runs, and never the key", async () => {
    const values = { whmcs_enabled: "1", whmcs_api_key: "0123456789abcdef", ns1_hostname: "ns1.example.com" };
    const services = new Map<string, unknown>([
      [ServerOptions.id, stored(values)],
      [Backends.id, { list: async () => backends }],
    ]);
    expect(await ask(serverOptions, {}, contextOf(services))).toEqual({
      web_server: "nginx",
      mail_server: "",
      ftp_server: "",
      dns_server: "none",
      whmcs_enabled: true,
      whmcs_api_key: "***",
      ns1_hostname: "ns1.example.com",
      ns2_hostname: "",
      detected: { nginx: true, caddy: false },
    });
  });

  it("go to the switching room when they choose a backend, and note that and no other value", async () => {
    const notes: unknown[] = [];
    const saved: unknown[] = [];
    const options = { ...stored({}), save: async (_intents: unknown, key: string) => void saved.push(key) };
    const switching = { begin: async (_change: unknown, request: unknown) => void saved.push(request) };
    const services = new Map<string, unknown>([
      [ServerOptions.id, options],
      [Switching.id, switching],
    ]);
    const emitted: unknown[] = [];
    const ctx = contextOf(services, {
      principal: { username: "boss" },
      note: (note: unknown) => notes.push(note),
      emit: async (hook: { id: string }, payload: unknown) => void emitted.push([hook.id, payload]),
    } as never);
    const change = saveOption as ChangeOperation<unknown, unknown>;
    await ask(change, { key: "web_server", value: "caddy" }, ctx);
    await ask(change, { key: "web_server", value: "caddy", force: true }, ctx);
    await ask(change, { key: "whmcs_api_key", value: "0123456789abcdef" }, ctx);
    const request = { option: "web_server", value: "caddy" };
    expect(saved).toEqual([{ ...request, force: false }, { ...request, force: true }, "whmcs_api_key"]);
    expect(notes).toEqual([
      { from: "nginx", to: "caddy" },
      { from: "nginx", to: "caddy" },
    ]);
    expect(change.secrets).toEqual(["value"]);
    // The room that switches tells of backends, once they serve.
    expect(emitted).toEqual([["settings.option-saved", { key: "whmcs_api_key", by: "boss" }]]);
  });

  it("show first what a switch would mean, with a bounded list and the whole count", async () => {
    const issues = Array.from({ length: 300 }, (_, at) => ({ unit: `s${at}.test`, field: "php", message: "no" }));
    const facts = { slot: "web", from: "nginx", to: "caddy", units: 300 };
    const preview = { ...facts, refused: issues, lost: [], warnings: ["slow"] };
    const services = new Map([[Switching.id, { preview: async () => preview }]]);
    const query = { key: "web_server", value: "caddy" };
    expect(await ask(switchPreview, query, contextOf(services))).toEqual({
      ...facts,
      refused: issues.slice(0, 200),
      refused_count: 300,
      lost: [],
      lost_count: 0,
      warnings: ["slow"],
    });
  });

  it("are detected, and installed by name", async () => {
    const asked: unknown[] = [];
    const install = async (_change: unknown, option: string, value: string) => void asked.push([option, value]);
    const ctx = contextOf(new Map([[Backends.id, { list: async () => backends, install }]]));
    expect(await ask(detect, {}, ctx)).toEqual(backends);
    await ask(installBackend, { key: "web_server", value: "caddy" }, ctx);
    expect(asked).toEqual([["web_server", "caddy"]]);
  });

  it.each([
    ["whmcs_enabled", ["0", "1"], ["", "2", "true"]],
    [
      "whmcs_api_key",
      ["", "x".repeat(16)],
      ["short", "x".repeat(129), "***", "key with a blank in", "k\r\nHeader: injected"],
    ],
    ["ns1_hostname", ["", "ns1.example.com"], ["ns1", "1.2.3.4", "ns1.example.com\nx", "*.example.com"]],
  ])("%s takes what it should", (key, good, bad) => {
    const schema = settings.find((setting) => setting.key === key)?.schema ?? v.never();
    for (const value of good) expect(v.is(schema, value)).toBe(true);
    for (const value of bad) expect(v.is(schema, value)).toBe(false);
  });

  it("have defaults that their own rules accept", () => {
    for (const { schema, default: value } of settings) expect(v.parse(schema, value)).toBe(value);
  });
});

describe("samples", () => {
  let db: Knex;
  let now = 0;
  const read = { all: async (sql: string, params: never) => (await db.raw(sql, params)) as unknown } as unknown as Read;
  const collect = () => {
    const services = new Map<string, unknown>([
      [Machine.id, { sample: async () => sample }],
      [Clock.id, { now: () => now }],
      [Writes.id, { write: (work: (db: Knex) => Promise<void>) => work(db) }],
    ]);
    return collectSamples.run(contextOf(services).use, new AbortController().signal);
  };

  beforeEach(async () => {
    db = knex({ client: "sqlite3", connection: ":memory:", useNullAsDefault: true, pool: { min: 1, max: 1 } });
    for (const step of migrations) await step.up(db);
    now = Date.parse("2026-06-08T10:02:00Z");
  });
  afterEach(() => db.destroy());

  it("stand once for every five minutes, however often the job runs", async () => {
    await collect();
    now += 60_000;
    await collect();
    now += 3 * 60_000;
    await collect();
    const first = { cpu_pct: 7.5, ram_pct: 25, disk_pct: 23.8, load_1m: 0.12, load_5m: 1, load_15m: 2 };
    expect(await listSamples(read, now)).toEqual([
      { recorded_at: "2026-06-08T10:00:00Z", ...first },
      { recorded_at: "2026-06-08T10:05:00Z", ...first },
    ]);
  });

  it("are kept for a day: 288 of them", async () => {
    for (let index = 0; index < 300; index += 1) {
      await collect();
      now += 5 * 60_000;
    }
    now -= 5 * 60_000;
    expect(await listSamples(read, now)).toHaveLength(288);
    expect(await db("server_samples")).toHaveLength(288);
  });
});

it("shows the load in the contract's units", async () => {
  const services = new Map<string, unknown>([
    [Machine.id, { sample: async () => sample }],
    [Services.id, { list: async () => running }],
  ]);
  expect(await ask(systemStats, {}, contextOf(services))).toEqual({
    cpu_pct: 7.5,
    ram: { total_mb: 2048, used_mb: 512, pct: 25 },
    disk: { total_gb: 40, used_gb: 9.5, pct: 23.8 },
    uptime_seconds: 12,
    load: [0.12, 1, 2],
    services: running.map(({ name, status }) => ({ name, status })),
  });
});

describe("service action", () => {
  const acted: string[] = [];
  const services = new Map<string, unknown>([
    [
      Services.id,
      {
        list: async () => running,
        act: async (name: string, action: string) => {
          acted.push(`${action} ${name}`);
          if (name !== "nginx") throw notFound("service");
          return { name, plugin: "web-nginx", status: "stopped" };
        },
      },
    ],
  ]);
  const run = async (input: unknown, more: Partial<OperationContext> = {}) => {
    const change = serviceAction as ChangeOperation<unknown, unknown>;
    const ctx = contextOf(services, more);
    const parsed = v.parse(change.input, input);
    return change.handle(parsed, ctx as never, await change.prepare?.(parsed, ctx));
  };

  beforeEach(() => {
    acted.length = 0;
  });

  it("acts on a service of the panel, and on nothing else", async () => {
    expect(await run({ service: "nginx", action: "stop" })).toEqual({ service: "nginx", status: "stopped" });
    await expect(run({ service: "sshd", action: "stop" })).rejects.toMatchObject({ status: 404 });
    await expect(run({ service: "nginx", action: "kill" })).rejects.toThrow();
    expect(acted).toEqual(["stop nginx"]);
  });

  it("does nothing when it is only tried", async () => {
    expect(await run({ service: "nginx", action: "stop" }, { dryRun: true })).toEqual({
      service: "nginx",
      status: "running",
    });
    expect(acted).toEqual([]);
  });
});

it("asks the audit log for whole days, both included", async () => {
  const asked: AuditFilter[] = [];
  const log: AuditLog = {
    query: async (_read, filter) => {
      asked.push(filter);
      return { items: [], total: 51 };
    },
  };
  const ctx = contextOf(new Map([[AuditLog.id, log]]));
  const query = { user: "ad", action: "", date_from: "2026-06-08", date_to: "2026-06-08", page: "2" };
  expect(await ask(auditLog, query, ctx)).toEqual({
    items: [],
    meta: { total: 51, page: 2, per_page: 25, pages: 3 },
  });
  const from = Date.parse("2026-06-08T00:00:00Z");
  expect(asked).toEqual([{ user: "ad", from, to: from + 86_400_000, page: 2, perPage: 25 }]);
  expect(() => v.parse((auditLog as QueryOperation<unknown, unknown>).input, { date_from: "2026-02-30" })).toThrow();
});
