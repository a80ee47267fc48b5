import type { Migration } from "@patchbay/sdk";

/** The storage room's own tables. */
export const storageMigrations: readonly Migration[] = [
  {
    id: "001-changes",
    up: async (db) => {
      await db.schema.createTable("undo_log", (table) => {
        table.increments("id");
        table.text("change_id").notNullable().index();
        table.text("table_name").notNullable();
        table.integer("row_id").notNullable();
        table.text("before");
        table.text("after");
      });
      await db.schema.createTable("dirty", (table) => {
        table.increments("id");
        table.text("slot").notNullable();
        table.text("unit_key").notNullable();
        table.text("change_id");
        table.unique(["slot", "unit_key", "change_id"]);
      });
    },
  },
];
