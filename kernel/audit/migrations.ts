import type { Migration } from "@patchbay/sdk";

/** The audit room's table. Append-only: nothing in the panel updates or deletes a row. */
export const auditMigrations: readonly Migration[] = [
  {
    id: "001-audit-log",
    up: async (db) => {
      await db.schema.createTable("audit_log", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        table.integer("user_id");
        table.text("username").notNullable();
        table.text("impersonator");
        table.text("action").notNullable();
        table.text("resource").notNullable();
        table.text("outcome").notNullable();
        table.text("detail").notNullable();
        table.text("ip_address").notNullable();
        table.text("user_agent").notNullable();
        table.bigInteger("created_at").notNullable().index();
        table.text("hash").notNullable();
        table.index(["username", "impersonator", "id"]);
        table.index(["action", "id"]);
      });
    },
  },
];
