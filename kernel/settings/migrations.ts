import type { Migration } from "@patchbay/sdk";

/** The settings room's table: one row per option that was ever saved. */
export const settingsMigrations: readonly Migration[] = [
  {
    id: "001-settings",
    up: (db) =>
      db.schema.createTable("settings", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        table.text("key").notNullable().unique();
        /** Sealed when the setting is secret. */
        table.text("value").notNullable();
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
      }),
  },
];
