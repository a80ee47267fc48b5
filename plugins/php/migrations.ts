import type { Migration } from "@patchbay/sdk";

export const phpMigrations: readonly Migration[] = [
  {
    id: "001-pools",
    up: async (db) => {
      await db.schema.createTable("php_pools", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        table.integer("account_id").notNullable();
        table.text("version").notNullable();
        table.integer("shard").notNullable();
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
        table.unique(["account_id", "version"]);
        table.index(["version", "shard"]);
      });
    },
  },
];
