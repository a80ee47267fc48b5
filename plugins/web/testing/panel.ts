import type { AccountRow } from "@patchbay/accounts/contract";
import { Certificates } from "@patchbay/certificates/contract";
import { PhpPools } from "@patchbay/php/contract";
import {
  type ChangeContext,
  type ChangeOperation,
  type Contributions,
  type Db,
  type Hook,
  type Meter,
  type Operation,
  type Principal,
  type QueryOperation,
  type Read,
  type Role,
  ServerOptions,
  type Slot,
  SystemFacts,
  type Token,
  type Upgrade,
} from "@patchbay/sdk";
import knex from "knex";
import * as v from "valibot";
import plugin from "../index.ts";

/** The plugin on a database in memory, with the rest of the panel reduced to what it asks of it. */
export interface Panel {
  readonly db: Db;
  readonly read: Read;
  readonly touched: string[];
  readonly guarded: string[];
  /** Notify hooks since the panel was made. */
  readonly emitted: { readonly id: string; readonly payload: unknown }[];
  readonly slots: ReadonlyMap<string, Slot>;
  readonly meters: ReadonlyMap<string, Meter>;
  /** Pools that accounts have, `1-8.2`. */
  readonly pools: Set<string>;
  /** What certificates there are, by domain. */
  readonly certificates: Map<string, FakeCertificate>;
  /** Statements read since the panel was made. */
  statements(): number;
  call<T = Record<string, unknown>>(id: string, input: Record<string, unknown>, principal?: Principal): Promise<T>;
  /** Runs the plugin's taps on a hook in a change of `principal`. */
  tap(hook: Hook<"guarded", unknown>, payload: Record<string, unknown>, principal?: Principal): Promise<void>;
  /** Runs the plugin's upgrade once. True: there is more. */
  upgrade(): Promise<boolean>;
  addAccount(username: string, patch?: Record<string, unknown>): Promise<AccountRow>;
  close(): Promise<void>;
}

export interface FakeCertificate {
  readonly names: readonly string[];
  readonly fingerprint: string;
  readonly trusted: boolean;
}

export function principalOf(role: Role): Principal {
  return {
    userId: 1,
    username: role,
    role,
    via: "session",
    credentialId: 1,
    scopes: null,
    accountId: role === "user" ? 1 : null,
    suspended: false,
    impersonator: null,
    ip: "127.0.0.1",
    userAgent: "test",
  };
}

export const admin = principalOf("admin");
export const reseller = principalOf("reseller");
export const user = principalOf("user");

type Tap = (payload: unknown, ctx: { signal: AbortSignal }) => Promise<void>;

/** Everything the plugin contributes, by its id. */
function collect(use: <T>(token: Token<T>) => T) {
  const operations = new Map<string, Operation>();
  const slots = new Map<string, Slot>();
  const meters = new Map<string, Meter>();
  const taps = new Map<string, Tap>();
  const migrations: { up(db: Db): Promise<void> }[] = [];
  const upgrades: Upgrade[] = [];
  plugin.contribute({
    use,
    operation: (operation: Operation) => operations.set(operation.id, operation),
    migrations: (steps: readonly { up(db: Db): Promise<void> }[]) => migrations.push(...steps),
    slot: (slot: Slot) => slots.set(slot.id, slot),
    meter: (meter: Meter) => meters.set(meter.id, meter),
    tap: (hook: { id: string }, tap: Tap) => taps.set(hook.id, tap),
    provider: () => {},
    object: () => {},
    service: () => {},
    upgrade: (step: Upgrade) => upgrades.push(step),
  } as unknown as Contributions);
  return { operations, slots, meters, taps, migrations, upgrades };
}

export async function createPanel(): Promise<Panel> {
  const db = knex({ client: "sqlite3", connection: ":memory:", useNullAsDefault: true, pool: { min: 1, max: 1 } });
  const pools = new Set<string>();
  const certificates = new Map<string, FakeCertificate>();
  const services = new Map<string, unknown>([
    [PhpPools.id, fakePools(pools)],
    [SystemFacts.id, { reservedHosts: ["panel.host.test"] }],
    [Certificates.id, fakeCertificates(certificates)],
    [
      ServerOptions.id,
      { all: () => ({ ns1_hostname: "ns1.dns.test", ns2_hostname: "" }), choices: async () => [phpChoice, webChoice] },
    ],
  ]);
  const use = <T>(token: Token<T>) => services.get(token.id) as T;
  const { migrations, operations, slots, meters, taps, upgrades } = collect(use);
  await accountTable(db);
  for (const step of migrations) await step.up(db);
  const touched: string[] = [];
  const guarded: string[] = [];
  const emitted: Panel["emitted"] = [];
  let statements = 0;
  const readOn = (connection: Db): Read => {
    const all = async <Row>(sql: string, params: readonly unknown[] = []) => {
      statements += 1;
      return (await connection.raw(sql, params as never)) as Row[];
    };
    return { all, get: async <Row>(sql: string, params?: readonly unknown[]) => (await all<Row>(sql, params))[0] };
  };
  const context = (principal: Principal) => ({
    principal,
    now: 0,
    operationId: "op",
    use,
    find: use,
    read: readOn(db),
    dryRun: false,
  });
  const inChange = <T>(principal: Principal, work: (change: ChangeContext) => Promise<T>): Promise<T> =>
    db.transaction((tx) =>
      work({
        ...context(principal),
        read: readOn(tx),
        db: tx,
        intents: intentsOn(tx, touched),
        emit: async (hook, payload) => void emitted.push({ id: hook.id, payload }),
        run: async (hook) => void guarded.push(hook.id),
        note: () => {},
        start: () => {},
        setSession: () => {},
      }),
    );
  return {
    db,
    read: readOn(db),
    touched,
    guarded,
    emitted,
    slots,
    meters,
    pools,
    certificates,
    statements: () => statements,
    call: async (id, raw, principal = admin) => {
      const operation = operations.get(id) as Operation;
      const input = v.parse(operation.input, raw);
      const answer =
        operation.method === "GET"
          ? (operation as QueryOperation<unknown, unknown>).handle(input, context(principal))
          : inChange(principal, (change) =>
              (operation as ChangeOperation<unknown, unknown>).handle(input, change, undefined),
            );
      return v.parse(operation.output, await answer) as never;
    },
    tap: async (hook, payload, principal = admin) => {
      const signal = new AbortController().signal;
      await inChange(principal, async (change) => taps.get(hook.id)?.({ ...payload, change }, { signal }));
    },
    upgrade: () => inChange(admin, async (change) => upgrades[0]?.run(change) ?? false),
    addAccount: async (username, patch = {}) => {
      const row = {
        username,
        uid: 30_000,
        home: `/homes/${username}`,
        domain: `${username}.test`,
        php_version: "8.2",
        ...patch,
      };
      const [id] = (await db("accounts").insert(row)) as number[];
      return (await db("accounts").where({ id }).first()) as AccountRow;
    },
    close: () => db.destroy(),
  };
}

const webChoice = {
  option: "web_server",
  slot: "web",
  providers: [
    { id: "apache", title: "Apache", installed: true },
    { id: "caddy", title: "Caddy", installed: false },
    { id: "nginx", title: "nginx", installed: true },
  ],
};
const phpChoice = { option: "php_server", slot: "php", providers: [{ id: "php-fpm", title: "PHP", installed: true }] };

/** The columns of `accounts` that this plugin reads. */
async function accountTable(db: Db): Promise<void> {
  await db.schema.createTable("accounts", (table) => {
    table.increments("id");
    table.text("username").unique();
    table.integer("uid");
    table.text("home");
    table.text("domain");
    table.text("status").defaultTo("active");
    table.integer("user_id").defaultTo(1);
    table.integer("reseller_id");
    table.text("php_version");
  });
}

function fakePools(pools: Set<string>): PhpPools {
  return {
    installed: () => ["8.3", "8.2"],
    requireInstalled: (version) => {
      if (version !== "8.2" && version !== "8.3") throw new Error("PHP_VERSION_ABSENT");
    },
    versions: async (_read, id) =>
      [...pools].filter((key) => key.startsWith(`${id}-`)).map((key) => key.split("-")[1] ?? ""),
    ensure: async (_change, id, version) => void pools.add(`${id}-${version}`),
    release: async (_change, id, version) => void pools.delete(`${id}-${version}`),
    socket: (username, version) => `php/${username}-${version}.sock`,
  };
}

function fakeCertificates(all: Map<string, FakeCertificate>): Certificates {
  return {
    ensure: async (_change, _account, names) => {
      const [domain = ""] = names;
      all.set(domain, { names, fingerprint: `print of ${names.join()}`, trusted: false });
    },
    remove: async (_change, domain) => void all.delete(domain),
    files: async (_read, domains) =>
      new Map(
        domains.flatMap((domain) => {
          const one = all.get(domain);
          if (!one) return [];
          const { fingerprint, trusted } = one;
          return [[domain, { file: `certificates/00/${domain}.pem`, fingerprint, trusted }] as const];
        }),
      ),
  };
}

function intentsOn(db: Db, touched: string[]): ChangeContext["intents"] {
  return {
    insert: async (table, row) => {
      const full = { uuid: crypto.randomUUID(), created_at: 1000, updated_at: 1000, ...row };
      const [id] = (await db(table).insert(full)) as number[];
      return { id: id ?? 0, uuid: full.uuid };
    },
    update: async (table, id, patch) => {
      await db(table)
        .where({ id })
        .update({ ...patch, updated_at: 2000 });
    },
    delete: async (table, id) => {
      await db(table).where({ id }).delete();
    },
    touch: (slot, key) => void touched.push(`${slot}:${key}`),
  };
}
