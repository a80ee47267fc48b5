import type { ChangeContext, Db, HostInfo, Read } from "@patchbay/sdk";
import { isPanelError } from "@patchbay/sdk";
import knex from "knex";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { phpMigrations } from "./migrations.ts";
import { createPhpPools, poolsPerShard } from "./pools.ts";
import { phpSlot } from "./slot.ts";

let db: Db;
let read: Read;
let touched: string[];
let change: ChangeContext;
const pools = createPhpPools({ phpVersions: ["8.3", "8.2"] } as unknown as HostInfo);

beforeEach(async () => {
  db = knex({ client: "sqlite3", connection: ":memory:", useNullAsDefault: true, pool: { min: 1, max: 1 } });
  for (const step of phpMigrations) await step.up(db);
  await db.schema.createTable("packages", (table) => {
    table.increments("id");
    table.integer("php_max_children");
    table.integer("php_memory_mb");
  });
  await db.schema.createTable("accounts", (table) => {
    table.increments("id");
    table.text("username");
    table.integer("uid");
    table.text("home");
    table.integer("package_id");
  });
  const all = async <Row>(sql: string, params: readonly unknown[] = []) =>
    (await db.raw(sql, params as never)) as Row[];
  read = { all, get: async <Row>(sql: string, params?: readonly unknown[]) => (await all<Row>(sql, params))[0] };
  touched = [];
  change = { read, intents: intents() } as unknown as ChangeContext;
});

afterEach(() => db.destroy());

function intents() {
  return {
    insert: async (table: string, row: Record<string, unknown>) => {
      await db(table).insert({ uuid: crypto.randomUUID(), created_at: 1, updated_at: 1, ...row });
    },
    delete: async (table: string, id: number) => {
      await db(table).where({ id }).delete();
    },
    touch: (slot: string, key: string) => void touched.push(`${slot}:${key}`),
  };
}

async function addAccounts(count: number): Promise<void> {
  for (let id = 1; id <= count; id += 1) {
    await db("accounts").insert({ id, username: `u${id}`, uid: 30_000 + id, home: `/homes/u${id}` });
  }
}

async function shardOf(id: number, version: string): Promise<number | undefined> {
  return (await db("php_pools").where({ account_id: id, version }).first())?.shard;
}

describe("pools of accounts", () => {
  it("fill one process after the other, the lowest with room first", async () => {
    await addAccounts(poolsPerShard * 2 + 2);
    for (let id = 1; id <= poolsPerShard * 2 + 1; id += 1) await pools.ensure(change, id, "8.2");
    const counts = await db("php_pools").select("shard").count("* as n").groupBy("shard").orderBy("shard");
    expect(counts).toEqual([
      { shard: 0, n: 32 },
      { shard: 1, n: 32 },
      { shard: 2, n: 1 },
    ]);
    await pools.release(change, 5, "8.2");
    await pools.ensure(change, poolsPerShard * 2 + 2, "8.2");
    expect(await shardOf(poolsPerShard * 2 + 2, "8.2")).toBe(0);
    for (let id = 33; id <= 64; id += 1) await pools.release(change, id, "8.2");
    await pools.ensure(change, 40, "8.2");
    expect(await shardOf(40, "8.2")).toBe(1);
    await pools.ensure(change, 40, "8.3");
    expect(await shardOf(40, "8.3")).toBe(0);
  });

  it("are given and taken once", async () => {
    await addAccounts(1);
    await pools.ensure(change, 1, "8.2");
    await pools.ensure(change, 1, "8.2");
    await pools.release(change, 1, "8.2");
    await pools.release(change, 1, "8.2");
    expect(touched).toEqual(["php:u1-8.2", "php:u1-8.2"]);
    expect(await pools.versions(read, 1)).toEqual([]);
  });

  it("are refused for a version that is not installed, naming those that are", async () => {
    await addAccounts(1);
    const error = await pools.ensure(change, 1, "9.9").catch((reason) => reason);
    expect(isPanelError(error) && [error.status, error.code, error.publicMessage]).toEqual([
      400,
      "PHP_VERSION_ABSENT",
      "This PHP version is not installed. Installed: 8.3, 8.2.",
    ]);
  });
});

describe("the slot", () => {
  it("knows the units with the limits of the package", async () => {
    await addAccounts(2);
    await db("packages").insert({ id: 1, php_max_children: 9, php_memory_mb: 256 });
    await db("accounts").where({ id: 2 }).update({ package_id: 1 });
    await pools.ensure(change, 1, "8.2");
    await pools.ensure(change, 1, "8.3");
    await pools.ensure(change, 2, "8.2");
    const keys = await phpSlot.keys(read, "", 10);
    expect(keys).toEqual(["u1-8.2", "u1-8.3", "u2-8.2"]);
    expect(await phpSlot.keys(read, "u1-8.2", 1)).toEqual(["u1-8.3"]);
    const units = await phpSlot.load(read, ["u1-8.2", "u2-8.2", "u2-8.3", "none"]);
    expect([...units.keys()].sort()).toEqual(["u1-8.2", "u2-8.2"]);
    expect(units.get("u1-8.2")?.limits).toEqual({ children: 5, memoryMb: 128 });
    expect(units.get("u2-8.2")?.limits).toEqual({ children: 9, memoryMb: 256 });
  });
});
