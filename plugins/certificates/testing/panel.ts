import { randomUUID } from "node:crypto";
import type { AccountRow } from "@patchbay/accounts/contract";
import {
  type ChangeContext,
  type ChangeOperation,
  Clock,
  type Contributions,
  type Db,
  type Operation,
  type ProviderEntry,
  type QueryOperation,
  type Read,
  Reads,
  type RenderingProvider,
  type Schedule,
  type Slot,
  type Token,
  Vault,
  Writes,
} from "@patchbay/sdk";
import knex from "knex";
import * as v from "valibot";
import { testVault } from "../../../test/harness/vault.ts";
import { type CertificateChange, Certificates, type CertificateUnit } from "../contract.ts";
import plugin from "../index.ts";

/** The plugin on a database in memory, with a real vault. */
export interface Panel {
  readonly db: Db;
  readonly read: Read;
  readonly touched: string[];
  /** Domains for which `certificateChanged` ran. */
  readonly changed: string[];
  /** Notify hooks since the panel was made. */
  readonly emitted: { readonly id: string; readonly payload: unknown }[];
  readonly slot: Slot<CertificateUnit>;
  readonly provider: RenderingProvider<CertificateUnit>;
  readonly certificates: Certificates;
  /** Milliseconds since 1970. */
  now: number;
  call<T = Record<string, unknown>>(id: string, input: Record<string, unknown>): Promise<T>;
  change<T>(work: (change: ChangeContext) => Promise<T>): Promise<T>;
  /** Runs the schedule of this id now. */
  runSchedule(id: string): Promise<void>;
  addAccount(username: string): Promise<AccountRow>;
  close(): Promise<void>;
}

/** Everything the plugin contributes that a test asks for. */
function collect(services: Map<string, unknown>) {
  const use = <T>(token: Token<T>) => services.get(token.id) as T;
  const operations = new Map<string, Operation>();
  const slots: Slot[] = [];
  const entries: ProviderEntry[] = [];
  const migrations: { up(db: Db): Promise<void> }[] = [];
  const schedules = new Map<string, Schedule>();
  const object = () => {};
  plugin.contribute({
    use,
    object,
    schedule: (schedule: Schedule) => schedules.set(schedule.id, schedule),
    operation: (operation: Operation) => operations.set(operation.id, operation),
    migrations: (steps: readonly { up(db: Db): Promise<void> }[]) => migrations.push(...steps),
    slot: (slot: Slot) => slots.push(slot),
    provider: (entry: ProviderEntry) => entries.push(entry),
    service: (token: Token<unknown>, create: (inner: typeof use) => unknown) => services.set(token.id, create(use)),
  } as unknown as Contributions);
  const slot = slots[0] as unknown as Slot<CertificateUnit>;
  const provider = entries[0]?.create(use) as unknown as RenderingProvider<CertificateUnit>;
  return { use, operations, migrations, slot, provider, schedules };
}

export async function createPanel(): Promise<Panel> {
  const db = knex({ client: "sqlite3", connection: ":memory:", useNullAsDefault: true, pool: { min: 1, max: 1 } });
  const services = new Map<string, unknown>([[Vault.id, testVault("certificates")]]);
  const { migrations, operations, provider, schedules, slot, use } = collect(services);
  await db.schema.createTable("accounts", (table) => {
    table.increments("id");
    table.text("username").unique();
    table.integer("user_id").defaultTo(1);
    table.integer("reseller_id");
  });
  for (const step of migrations) await step.up(db);
  const touched: string[] = [];
  const changed: string[] = [];
  const emitted: { readonly id: string; readonly payload: unknown }[] = [];
  const emit = async (hook: { id: string }, payload: unknown) => void emitted.push({ id: hook.id, payload });
  const readOn = (connection: Db): Read => {
    const all = async <Row>(sql: string, params: readonly unknown[] = []) =>
      (await connection.raw(sql, params as never)) as Row[];
    return { all, get: async <Row>(sql: string, params?: readonly unknown[]) => (await all<Row>(sql, params))[0] };
  };
  services.set(Reads.id, readOn(db));
  services.set(Clock.id, { now: () => panel.now });
  services.set(Writes.id, {
    write: (work: (db: Db, intents: unknown, emit: unknown) => Promise<unknown>) =>
      db.transaction((tx) => work(tx, intentsOn(tx, touched), emit)),
  });
  const context = () => ({ now: panel.now, use, read: readOn(db) });
  const change = <T>(work: (change: ChangeContext) => Promise<T>) =>
    db.transaction((tx) =>
      work({
        ...context(),
        read: readOn(tx),
        intents: intentsOn(tx, touched),
        run: async (_hook: unknown, payload: CertificateChange) => void changed.push(payload.domain),
        emit,
        note: () => {},
      } as unknown as ChangeContext),
    );
  const panel: Panel = {
    db,
    read: readOn(db),
    touched,
    changed,
    emitted,
    slot,
    provider,
    certificates: use(Certificates),
    now: Date.now(),
    change,
    call: async (id, raw) => {
      const operation = operations.get(id) as Operation;
      const input = v.parse(operation.input, raw);
      if (operation.method === "GET")
        return v.parse(
          operation.output,
          await (operation as QueryOperation<unknown, unknown>).handle(input, context() as never),
        ) as never;
      const { handle, prepare } = operation as ChangeOperation<unknown, unknown>;
      const prepared = await prepare?.(input, context() as never);
      return v.parse(operation.output, await change((ctx) => handle(input, ctx, prepared))) as never;
    },
    runSchedule: async (id) => schedules.get(id)?.run(use, AbortSignal.timeout(10_000)),
    addAccount: async (username) => {
      const [id] = (await db("accounts").insert({ username })) as number[];
      return (await db("accounts").where({ id }).first()) as AccountRow;
    },
    close: () => db.destroy(),
  };
  return panel;
}

function intentsOn(db: Db, touched: string[]): ChangeContext["intents"] {
  return {
    insert: async (table, row) => {
      const uuid = randomUUID();
      const [id] = (await db(table).insert({ uuid, created_at: 1000, updated_at: 1000, ...row })) as number[];
      return { id: id ?? 0, uuid };
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
