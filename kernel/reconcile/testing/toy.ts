/**
 * Four slots over one table: hosts are made by calls, pools are files with a daemon each, sites are lines of shared files
 * with one of two backends at the front, zones are made by calls to either of two backends, or to none.
 */
import { setImmediate } from "node:timers/promises";
import { defineProvider, defineSlot, type Migration, type Provider, type Slot } from "@patchbay/sdk";
import { createSlotTable, type SlotTable } from "../../slots/slot-table.ts";
import { hosts, pools, type SitesOptions, sites, type ToyUnit, ToyWorld, toyUnit, zoneBase } from "./toy-providers.ts";

export const toyMigrations: readonly Migration[] = [
  {
    id: "001-things",
    up: async (db) => {
      await db.schema.createTable("things", (table) => {
        table.increments("id");
        table.text("uuid");
        table.text("slot").notNullable();
        table.text("key").notNullable();
        table.text("text").notNullable();
        table.text("home");
        table.bigInteger("created_at");
        table.bigInteger("updated_at");
        table.unique(["slot", "key"]);
      });
      await db.schema.createTable("parts", (table) => {
        table.increments("id");
        table.text("uuid");
        table.integer("thing_id").notNullable().references("things.id");
        table.bigInteger("created_at");
        table.bigInteger("updated_at");
      });
      await db.schema.createTable("outcomes", (table) => {
        table.text("id").primary();
        table.text("result").notNullable();
      });
    },
  },
];

function toySlot(id: string, option: string | null, more: Partial<Slot<ToyUnit>> = {}): Slot {
  const slot = defineSlot<ToyUnit>({
    id,
    title: id,
    option,
    unit: toyUnit,
    after: [],
    load: async (read, keys) => {
      const rows = await read.all<{ key: string; text: string }>(
        "select key, text from things where slot = ? and key in (select value from json_each(?))",
        [id, JSON.stringify(keys)],
      );
      return new Map(rows.map((row) => [row.key, { text: row.text }]));
    },
    keys: async (read, from, limit) => {
      const rows = await read.all<{ key: string }>(
        "select key from things where slot = ? and key > ? order by key limit ?",
        [id, from, limit],
      );
      return rows.map((row) => row.key);
    },
    assigned: async (read, keys) => {
      const rows = await read.all<{ key: string; home: string }>(
        "select key, home from things where slot = ? and home is not null and key in (select value from json_each(?))",
        [id, JSON.stringify(keys)],
      );
      return new Map(rows.map((row) => [row.key, row.home]));
    },
    ...more,
  });
  return slot as never;
}

export interface Toy {
  /** Where hosts are. */
  readonly world: ToyWorld;
  /** Where zones are, by the id of their backend. */
  readonly zones: { readonly near: ToyWorld; readonly far: ToyWorld };
  /** Of the site server `one`. */
  readonly options: SitesOptions;
  /** The site server, `one`, `two` or `none`. Follows `Bench.choose`. */
  chosen: string;
  /** `near`, `far` or `none`. Follows `Bench.choose`. */
  zoneServer: string;
  /** True: providers answer later, like those of a plugin in a process of its own. */
  late: boolean;
  /** Plugins of which the packages are gone. */
  readonly absent: Set<string>;
  table(): SlotTable;
}

/** `sharesPorts`: whether the site servers do. */
export function createToy(sharesPorts = true): Toy {
  const options = { base: "base 1", dialect: "plain" };
  const use = () => {
    throw new Error("toys use nothing");
  };
  const world = new ToyWorld();
  const zones = { near: new ToyWorld(), far: new ToyWorld() };
  const from = (plugin: string, [slot, id]: readonly [string, string], create: () => Provider<ToyUnit>) => {
    const entry = defineProvider<ToyUnit>({ slot, id, title: id, create: () => lateOf(toy, create()) }) as never;
    return { plugin, entry, use, sharesPorts: slot === "sites" && sharesPorts };
  };
  const toy: Toy = {
    world,
    zones,
    options,
    chosen: "one",
    zoneServer: "none",
    late: false,
    absent: new Set(),
    table: () => table,
  };
  const table = createSlotTable({
    slots: [
      toySlot("sites", "site_server", { after: ["pools"], optional: true }),
      toySlot("hosts", null),
      toySlot("pools", null, { after: ["hosts"] }),
      toySlot("zones", "zone_server", { cardinality: "many", optional: true }),
    ],
    providers: [
      from("toy-hosts", ["hosts", "hosts"], () => hosts(world)),
      from("toy-pools", ["pools", "pools"], () => pools),
      from("toy-sites", ["sites", "one"], () => sites(options)),
      from("toy-other", ["sites", "two"], () => sites({ base: "other base", dialect: "other" })),
      from("toy-near", ["zones", "near"], () => hosts(zones.near, zoneBase)),
      from("toy-far", ["zones", "far"], () => hosts(zones.far)),
    ],
    ports: { http: 80, https: 443 },
    chosen: (option) => (option === "zone_server" ? toy.zoneServer : toy.chosen),
    installed: (plugin) => !toy.absent.has(plugin),
  });
  return toy;
}

function lateOf(toy: Pick<Toy, "late">, provider: Provider<ToyUnit>): Provider<ToyUnit> {
  return new Proxy(provider, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (!toy.late || typeof method !== "function") return method;
      return async (...args: readonly unknown[]) => {
        await setImmediate();
        return Reflect.apply(method, target, args) as unknown;
      };
    },
  });
}
