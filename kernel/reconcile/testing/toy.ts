/** Three slots over one table: hosts are made by calls, pools are files with a daemon each, sites are lines of shared files. */
import {
  defineProvider,
  defineSlot,
  type Migration,
  type Provider,
  ProviderError,
  type RenderingProvider,
  type Slot,
} from "@patchbay/sdk";
import * as v from "valibot";
import { createSlotTable, type SlotTable } from "../../slots/slot-table.ts";

const unit = v.strictObject({ text: v.string() });
export type ToyUnit = v.InferOutput<typeof unit>;

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

function toySlot(id: string, option: string | null, after: readonly string[]): Slot<ToyUnit> {
  return defineSlot({
    id,
    title: id,
    option,
    unit,
    after,
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
  });
}

/** The world outside, which the hosts' provider works on. */
export class ToyWorld {
  readonly hosts = new Map<string, string>();
  readonly calls: string[] = [];
  /** Called inside a call, after half of its work; may throw. */
  during: (key: string) => void = () => {};
}

function hosts(world: ToyWorld): Provider<ToyUnit> {
  return {
    kind: "execute",
    audit: () => [],
    apply: async (key, { text }, previous) => {
      world.calls.push(`apply ${key} ${text} ${previous?.text ?? "-"}`);
      world.hosts.set(key, "half done");
      world.during(key);
      world.hosts.set(key, text);
    },
    remove: async (key) => {
      world.calls.push(`remove ${key}`);
      world.during(key);
      world.hosts.delete(key);
    },
    drifted: async (units) => [...units].filter(([key, { text }]) => world.hosts.get(key) !== text).map(([key]) => key),
  };
}

const pools: Provider<ToyUnit> = {
  kind: "render",
  audit: () => [],
  base: () => ({ files: [{ path: "common.conf", content: "common\n" }] }),
  render: (key, { text }) => {
    const body = `pool ${key} ${text}`;
    return {
      files: [{ path: `pool.d/${key}.conf`, content: `${body}\n` }],
      services: [{ service: "pool", instance: key }],
      probes: [{ kind: "http", port: "http", host: `${key}.test`, path: "/", body }],
    };
  },
};

/** Options of the sites' provider, which a test may change between passes. */
export interface SitesOptions {
  base: string;
  /** Put into every line. */
  dialect: string;
}

export function sites(options: SitesOptions): RenderingProvider<ToyUnit> {
  const service = { service: "daemon" };
  return {
    kind: "render",
    audit: ({ text }) => (text === "unsupported" ? [{ field: "text", message: "cannot be said" }] : []),
    base: () => ({ files: [{ path: "main.conf", content: `${options.base}\n` }], services: [service] }),
    render: (key, { text }) => {
      if (text === "throws") throw new Error("a bug");
      if (text === "invalid") throw new ProviderError("invalid", "no");
      const line = `${options.dialect} ${key} ${text};`;
      const own = text.startsWith("own") ? [{ path: `sites/${key}.conf`, content: `${text}\n` }] : [];
      return {
        lines: [{ file: `lines/${key.length % 4}.map`, key: text === "thief" ? "s1" : key, line }],
        files: own,
        services: [service],
        probes: [{ kind: "http", port: "http", host: `${key}.test`, path: "/", body: line }],
      };
    },
    generation: (number) => ({
      files: [{ path: "generation.conf", content: `generation ${number}\n` }],
      services: [service],
      probes: [{ kind: "http", port: "http", host: "generation.test", path: "/", body: `generation ${number}\n` }],
    }),
  };
}

export interface Toy {
  readonly world: ToyWorld;
  readonly options: SitesOptions;
  chosen: string;
  /** Plugins of which the packages are gone. */
  readonly absent: Set<string>;
  table(): SlotTable;
}

export function createToy(): Toy {
  const world = new ToyWorld();
  const options = { base: "base 1", dialect: "plain" };
  const use = () => {
    throw new Error("toys use nothing");
  };
  const entry = (slot: string, id: string, create: () => Provider<ToyUnit>) =>
    defineProvider<ToyUnit>({ slot, id, title: id, create }) as never;
  const toy: Toy = {
    world,
    options,
    chosen: "one",
    absent: new Set(),
    table: () => table,
  };
  const table = createSlotTable({
    slots: [
      toySlot("sites", "site_server", ["pools"]),
      toySlot("hosts", null, []),
      toySlot("pools", null, ["hosts"]),
    ] as never,
    providers: [
      { plugin: "toy-hosts", entry: entry("hosts", "hosts", () => hosts(world)), use },
      { plugin: "toy-pools", entry: entry("pools", "pools", () => pools), use },
      { plugin: "toy-sites", entry: entry("sites", "one", () => sites(options)), use },
      { plugin: "toy-other", entry: entry("sites", "two", () => sites({ base: "other base", dialect: "other" })), use },
    ],
    chosen: () => toy.chosen,
    installed: (plugin) => !toy.absent.has(plugin),
  });
  return toy;
}
