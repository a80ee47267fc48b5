import type { Migration } from "@patchbay/sdk";

/** The switching room's table. */
export const switchMigrations: readonly Migration[] = [
  {
    id: "001-switches",
    up: (db) =>
      db.schema.createTable("switches", (table) => {
        table.text("slot").primary();
        /** The change that started the switch. */
        table.text("operation_id").notNullable();
        /** The change that saves the option, written down before it is committed. */
        table.text("change_id");
      }),
  },
];
