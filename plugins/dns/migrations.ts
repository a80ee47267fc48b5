import type { Db, Migration } from "@patchbay/sdk";

type Table = Parameters<Parameters<Db["schema"]["createTable"]>[1]>[0];

/** Tables of the zones and their records. */
export const dnsMigrations: readonly Migration[] = [{ id: "001-zones", up: createTables }];

async function createTables(db: Db): Promise<void> {
  await db.schema.createTable("dns_zones", (table) => {
    columns(table);
    table.integer("account_id").notNullable().index();
    // Of the domain it came with; null for a name that is no site.
    table.integer("domain_id");
    table.text("name").notNullable().unique();
    // The labels backwards: all names below a name are one range of an index.
    table.text("backwards").notNullable().unique();
    table.text("primary_ns").notNullable();
    table.text("contact").notNullable();
    table.integer("dnssec").notNullable().defaultTo(0);
    table.text("provider");
    table.bigInteger("serial").notNullable();
  });
  await db.schema.createTable("dns_records", (table) => {
    columns(table);
    table.integer("zone_id").notNullable();
    table.text("name").notNullable();
    table.text("type").notNullable();
    table.integer("ttl").notNullable();
    table.text("data").notNullable();
    table.text("owner").notNullable().defaultTo("");
    table.integer("template").notNullable().defaultTo(0);
    // `<zone>|<name>|<type>`: the sets are paged and found by it without a join.
    table.text("unit_key").notNullable();
    table.unique(["unit_key", "data"]);
    table.index(["zone_id", "name"]);
  });
}

function columns(table: Table): void {
  table.increments("id");
  table.text("uuid").notNullable().unique();
  table.bigInteger("created_at").notNullable();
  table.bigInteger("updated_at").notNullable();
}
