import { type AccountRow, accountDeprovision } from "@patchbay/accounts/contract";
import {
  Backends,
  type ChangeContext,
  type ChangeOperation,
  type Contributions,
  conflict,
  type Db,
  HostInfo,
  type Migration,
  type ObjectType,
  type Operation,
  type Principal,
  type QueryOperation,
  type Read,
  type Role,
  ServerOptions,
  type Setting,
  type Slot,
  type Token,
  type Upgrade,
} from "@patchbay/sdk";
import { DomainNames, type DomainType, domainDeprovision, domainProvision, toBackwards } from "@patchbay/web/contract";
import knex from "knex";
import * as v from "valibot";
import type { DnsUnit, ZoneReport } from "../contract.ts";
import plugin from "../index.ts";

/** The plugin on a database in memory, with the rest of the panel reduced to what it asks of it. */
export interface Panel {
  readonly db: Db;
  readonly read: Read;
  /** Units marked since the panel was made. */
  readonly touched: string[];
  readonly guarded: string[];
  /** Notify hooks since the panel was made. */
  readonly emitted: { readonly id: string; readonly payload: unknown }[];
  readonly slot: Slot<DnsUnit>;
  readonly objects: ReadonlyMap<string, ObjectType>;
  readonly settings: ReadonlyMap<string, Setting>;
  /** Server options as they are now. */
  readonly options: Record<string, string>;
  readonly host: { address: string };
  /** What providers report, by zone. */
  readonly reports: Map<string, ZoneReport>;
  /** Names accounts have without a zone (aliases). */
  readonly aliases: Map<string, number>;
  readonly clock: { now: number };
  call<T = Record<string, unknown>>(id: string, input: Record<string, unknown>, principal?: Principal): Promise<T>;
  change<T>(work: (change: ChangeContext) => Promise<T>, principal?: Principal): Promise<T>;
  /** Adds or removes a domain of an account, as `domains.add` does once its row is written. */
  addDomain(accountId: number, name: string, type?: DomainType, principal?: Principal): Promise<void>;
  removeDomain(name: string): Promise<void>;
  endAccount(accountId: number): Promise<void>;
  /** Writes the row of a domain and nothing else, as it was before there were zones. */
  oldDomain(accountId: number, name: string): Promise<void>;
  /** Runs the plugin's upgrade once, as the panel itself. True: there is more. */
  upgrade(): Promise<boolean>;
  close(): Promise<void>;
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
export const user = principalOf("user");
const system: Principal = { ...admin, userId: null, username: "system", role: "system", via: "system" };

type Tap = (payload: unknown, ctx: { signal: AbortSignal }) => Promise<void>;

/** Everything the plugin contributes, by its id. */
function collect(use: <T>(token: Token<T>) => T) {
  const operations = new Map<string, Operation>();
  const slots: Slot<DnsUnit>[] = [];
  const objects = new Map<string, ObjectType>();
  const settings = new Map<string, Setting>();
  const taps = new Map<string, Tap>();
  const migrations: Migration[] = [];
  const upgrades: Upgrade[] = [];
  plugin.contribute({
    use,
    operation: (operation: Operation) => operations.set(operation.id, operation),
    migrations: (steps: readonly Migration[]) => migrations.push(...steps),
    slot: (slot: Slot<DnsUnit>) => slots.push(slot),
    object: (type: ObjectType) => objects.set(type.type, type),
    setting: (setting: Setting) => settings.set(setting.key, setting),
    tap: (hook: { id: string }, tap: Tap) => taps.set(hook.id, tap),
    service: () => {},
    upgrade: (step: Upgrade) => upgrades.push(step),
  } as unknown as Contributions);
  return { operations, slots, objects, settings, taps, migrations, upgrades };
}

const providers = [
  { id: "bind9", title: "BIND", plugin: "dns-bind", installed: true },
  { id: "cloudflare", title: "Cloudflare", plugin: "dns-cloudflare", installed: true },
  { id: "nsd", title: "NSD", plugin: "dns-nsd", installed: false },
];

export async function createPanel(): Promise<Panel> {
  const db = knex({ client: "sqlite3", connection: ":memory:", useNullAsDefault: true, pool: { min: 1, max: 1 } });
  const options: Record<string, string> = { ns1_hostname: "ns1.host.test", ns2_hostname: "ns2.host.test" };
  const host = { address: "192.0.2.1" };
  const reports = new Map<string, ZoneReport>();
  const aliases = new Map<string, number>();
  const clock = { now: 1_800_000_000_000 };
  const services = new Map<string, unknown>([
    [ServerOptions.id, { all: () => options, choices: async () => [{ slot: "dns", providers }] }],
    [HostInfo.id, host],
    [Backends.id, { report: async (_slot: string, key: string) => reports.get(key) }],
  ]);
  const use = <T>(token: Token<T>) => services.get(token.id) as T;
  const { migrations, objects, operations, settings, slots, taps, upgrades } = collect(use);
  const slot = slots[0] as Slot<DnsUnit>;
  await foreignTables(db);
  for (const step of migrations) await step.up(db);
  services.set(DomainNames.id, fakeNames(aliases));
  const touched: string[] = [];
  const guarded: string[] = [];
  const emitted: Panel["emitted"] = [];
  const context = (principal: Principal, connection: Db) => ({
    principal,
    now: clock.now,
    operationId: "op",
    use,
    find: use,
    read: readOn(connection),
    dryRun: false,
  });
  const change = <T>(work: (change: ChangeContext) => Promise<T>, principal = admin): Promise<T> =>
    db.transaction((tx) =>
      work({
        ...context(principal, tx),
        db: tx,
        intents: intentsOn(tx, touched),
        emit: async (hook, payload) => void emitted.push({ id: hook.id, payload }),
        run: async (hook) => void guarded.push(hook.id),
        note: () => {},
        start: () => {},
        setSession: () => {},
      }),
    );
  const run = async (hook: string, payload: Record<string, unknown>, one: ChangeContext) =>
    taps.get(hook)?.({ ...payload, change: one }, { signal: AbortSignal.timeout(10_000) });
  return {
    db,
    read: readOn(db),
    touched,
    guarded,
    emitted,
    slot,
    objects,
    settings,
    options,
    host,
    reports,
    aliases,
    clock,
    change,
    call: async (id, raw, principal = admin) => {
      const operation = operations.get(id) as Operation;
      const input = v.parse(operation.input, raw);
      const answer =
        operation.method === "GET"
          ? (operation as QueryOperation<unknown, unknown>).handle(input, context(principal, db))
          : change((one) => (operation as ChangeOperation<unknown, unknown>).handle(input, one, undefined), principal);
      return v.parse(operation.output, await answer) as never;
    },
    addDomain: async (accountId, name, type = "addon", principal = admin) => {
      const account = { id: accountId } as AccountRow;
      await change(async (one) => {
        const [id] = (await one.db("domains").insert(domainRow(accountId, name, type))) as number[];
        await run(domainProvision.id, { account, domain: { id, name, type } }, one);
      }, principal);
    },
    removeDomain: async (name) => {
      const domain = await db("domains").where({ name }).first();
      await change((one) => run(domainDeprovision.id, { account: { id: domain.account_id }, domain }, one));
      await db("domains").where({ name }).delete();
    },
    endAccount: (id) => change(async (one) => run(accountDeprovision.id, { account: { id } }, one)),
    oldDomain: async (accountId, name) => void (await db("domains").insert(domainRow(accountId, name, "addon"))),
    upgrade: () => change(async (one) => upgrades[0]?.run(one) ?? false, system),
    close: () => db.destroy(),
  };
}

function readOn(connection: Db): Read {
  const all = async <Row>(sql: string, params: readonly unknown[] = []) =>
    (await connection.raw(sql, params as never)) as Row[];
  return { all, get: async <Row>(sql: string, params?: readonly unknown[]) => (await all<Row>(sql, params))[0] };
}

/** The columns of other plugins' tables that this plugin reads. */
async function foreignTables(db: Db): Promise<void> {
  await db.schema.createTable("accounts", (table) => {
    table.increments("id");
    table.integer("user_id");
    table.integer("reseller_id");
  });
  await db("accounts").insert([
    { user_id: 11, reseller_id: null },
    { user_id: 12, reseller_id: 21 },
  ]);
  await db.schema.createTable("domains", (table) => {
    table.increments("id");
    table.integer("account_id");
    table.text("name").unique();
    table.text("backwards").unique();
    table.text("type");
  });
}

function domainRow(accountId: number, name: string, type: DomainType) {
  return { account_id: accountId, name, backwards: toBackwards(name), type };
}

/** `taken.test` is another account's; everything else is free. */
function fakeNames(aliases: ReadonlyMap<string, number>): DomainNames {
  return {
    holder: async (_read, name) => aliases.get(name),
    assertFree: async (_change, _accountId, name) => {
      if (name === "taken.test") throw conflict("DOMAIN_EXISTS", "taken");
    },
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
