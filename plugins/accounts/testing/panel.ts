import {
  type ChangeContext,
  type ChangeOperation,
  type Contributions,
  conflict,
  type Db,
  HostInfo,
  type Intents,
  type Migration,
  type NewRow,
  type Operation,
  type PanelUser,
  Passwords,
  type Principal,
  type QueryOperation,
  Quotas,
  type Read,
  type Role,
  type Token,
  Users,
} from "@patchbay/sdk";
import knex from "knex";
import * as v from "valibot";
import { DiskUsageToken, type Measurement } from "../disk-usage.ts";
import plugin from "../index.ts";

/** What the operations of this plugin did besides writing rows. */
export interface Effects {
  readonly touched: string[];
  readonly guarded: { readonly id: string; readonly payload: unknown }[];
  readonly emitted: { readonly id: string; readonly payload: unknown }[];
  readonly revoked: number[];
}

/** The plugin's operations on a database in memory, with the rest of the panel reduced to what they ask of it. */
export interface Panel {
  readonly db: Db;
  readonly read: Read;
  readonly effects: Effects;
  readonly services: Map<string, unknown>;
  readonly users: Map<number, PanelUser>;
  readonly operations: ReadonlyMap<string, Operation>;
  /** How many statements were read. */
  statements(): number;
  /** Throws in every guarded hook of this id. */
  failHook(id: string): void;
  provide<T>(token: Token<T>, service: T): void;
  call(id: string, input: Record<string, unknown>, principal?: Principal): Promise<unknown>;
  close(): Promise<void>;
}

export function principalOf(role: Role, userId: number): Principal {
  return {
    userId,
    username: `${role}${userId}`,
    role,
    via: "session",
    credentialId: 1,
    scopes: null,
    accountId: null,
    suspended: false,
    impersonator: null,
    ip: "127.0.0.1",
    userAgent: "test",
  };
}

export const admin = principalOf("admin", 1);

export const range = { firstUid: 30_000, count: 5 };

export async function createPanel(): Promise<Panel> {
  const db = knex({ client: "sqlite3", connection: ":memory:", useNullAsDefault: true, pool: { min: 1, max: 1 } });
  const operations = new Map<string, Operation>();
  await collect(operations, db);
  const effects: Effects = { touched: [], guarded: [], emitted: [], revoked: [] };
  const users = new Map<number, PanelUser>([[1, panelUser(1, "root", "admin")]]);
  const services = new Map<string, unknown>();
  const failing = new Set<string>();
  let statements = 0;
  const readOn = (connection: Db): Read => {
    const all = async <Row>(sql: string, params: readonly unknown[] = []) => {
      statements += 1;
      return (await connection.raw(sql, params as never)) as Row[];
    };
    return { all, get: async <Row>(sql: string, params?: readonly unknown[]) => (await all<Row>(sql, params))[0] };
  };
  const use = <T>(token: Token<T>): T => {
    if (!services.has(token.id)) throw new Error(`no service is registered as ${token.id}`);
    return services.get(token.id) as T;
  };
  const provide = <T>(token: Token<T>, service: T) => void services.set(token.id, service);
  const find = <T>(token: Token<T>): T | undefined => (services.has(token.id) ? use(token) : undefined);
  provide(Users, fakeUsers(users, effects));
  provide(Passwords, { hash: async (password) => `hash of ${password.length}`, verify: async () => false });
  provide(Quotas, { usage: async () => ({ used: 3, limit: null }) });
  provide(HostInfo, hostInfo);
  provide(DiskUsageToken, { of: async (): Promise<Measurement> => ({ bytes: 1_048_577, inodes: 2 }) } as never);
  const call = async (id: string, raw: Record<string, unknown>, principal: Principal = admin) => {
    const operation = operations.get(id);
    if (!operation) throw new Error(`no operation ${id}`);
    const input = v.parse(operation.input, raw);
    const context = {
      principal,
      now: 1_700_000_000_000,
      operationId: "op",
      use,
      find,
      read: readOn(db),
      dryRun: false,
    };
    if (operation.method === "GET") {
      return v.parse(operation.output, await (operation as QueryOperation<unknown, unknown>).handle(input, context));
    }
    const change = operation as ChangeOperation<unknown, unknown>;
    const prepared = await change.prepare?.(input, context);
    return db.transaction(async (tx) => {
      const full: ChangeContext = {
        ...context,
        read: readOn(tx),
        db: tx,
        intents: fakeIntents(tx, effects),
        emit: async (hook, payload) => void effects.emitted.push({ id: hook.id, payload }),
        run: async (hook, payload) => {
          if (failing.has(hook.id)) throw new Error("the tap fails");
          effects.guarded.push({ id: hook.id, payload });
        },
        note: () => {},
        start: () => {
          throw new Error("no operation of accounts starts a task");
        },
        setSession: () => {},
      };
      return v.parse(operation.output, await change.handle(input, full, prepared));
    });
  };
  return {
    db,
    read: readOn(db),
    effects,
    services,
    users,
    operations,
    statements: () => statements,
    failHook: (id) => void failing.add(id),
    provide,
    call,
    close: () => db.destroy(),
  };
}

const hostInfo = {
  multiUser: true,
  accounts: range,
  phpVersions: ["8.3", "8.2"],
  paths: { homes: "/homes" },
} as unknown as HostInfo;

async function collect(operations: Map<string, Operation>, db: Db): Promise<void> {
  const steps: Migration[] = [];
  const ignore = () => {};
  plugin.contribute({
    use: () => {
      throw new Error("contribute() must not use services");
    },
    operation: (operation: Operation) => operations.set(operation.id, operation),
    migrations: (more: readonly Migration[]) => steps.push(...more),
    slot: ignore,
    provider: ignore,
    object: ignore,
    meter: ignore,
    limits: ignore,
    accountOfUser: ignore,
    tap: ignore,
    schedule: ignore,
    setting: ignore,
    service: ignore,
  } as unknown as Contributions);
  for (const step of steps) await step.up(db);
}

export function panelUser(id: number, username: string, role: Role): PanelUser {
  return { id, username, email: `${username}@example.com`, role, status: "active" };
}

function fakeIntents(db: Db, effects: Effects): Intents {
  let uuid = 0;
  return {
    insert: async (table, row) => {
      const full = { uuid: `${Date.now()}-${Math.random()}-${++uuid}`, created_at: 1000, updated_at: 1000, ...row };
      const [id] = (await db(table).insert(full)) as number[];
      return { id: id ?? 0, uuid: full.uuid };
    },
    update: async (table: string, id: number, patch: NewRow) => {
      await db(table).where({ id }).update(patch);
    },
    delete: async (table, id) => {
      await db(table).where({ id }).delete();
    },
    touch: (slot, key) => void effects.touched.push(`${slot}:${key}`),
  };
}

function fakeUsers(users: Map<number, PanelUser>, effects: Effects): Users {
  return {
    create: async (_intents, user) => {
      if ([...users.values()].some((one) => one.username === user.username)) throw conflict("USERNAME_TAKEN", "taken");
      const id = Math.max(...users.keys()) + 1;
      users.set(id, { id, username: user.username, email: user.email, role: user.role, status: "active" });
      return { id };
    },
    get: async (_read, id) => users.get(id),
    list: async (_read, role) => [...users.values()].filter((user) => user.role === role),
    update: async (_intents, id, { passwordHash: _hash, ...patch }) => {
      const user = users.get(id);
      if (user) users.set(id, { ...user, ...patch });
    },
    delete: async (_intents, id) => void users.delete(id),
    revoke: async (_db, id) => effects.revoked.push(id),
    impersonate: async () => ({ value: "cookie", maxAgeSeconds: 60 }),
  };
}
