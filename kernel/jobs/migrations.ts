import type { Migration } from "@patchbay/sdk";

/** The job room's tables. */
export const jobMigrations: readonly Migration[] = [
  {
    id: "001-jobs",
    up: async (db) => {
      await db.schema.createTable("jobs", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        table.text("queue").notNullable();
        table.text("dedupe_key").unique();
        table.text("payload").notNullable();
        table.text("held_by").index();
        table.bigInteger("run_at").notNullable();
        table.integer("attempts").notNullable().defaultTo(0);
        table.integer("max_attempts").notNullable();
        table.text("lease_owner");
        table.bigInteger("lease_until");
        table.text("state").notNullable().defaultTo("ready");
        table.text("last_error");
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
        table.index(["state", "run_at"]);
        table.index(["state", "lease_until", "run_at"]);
      });
      await db.schema.createTable("schedules", (table) => {
        table.text("id").primary();
        table.text("cron").notNullable();
        table.bigInteger("next_run_at").notNullable();
        table.bigInteger("last_run_at");
      });
    },
  },
];
