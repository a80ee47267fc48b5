import type { Migration } from "@patchbay/sdk";

/** The operation room's tables. */
export const outcomeMigrations: readonly Migration[] = [
  {
    id: "001-operations",
    up: async (db) => {
      await db.schema.createTable("operations", (table) => {
        table.text("id").primary();
        table.text("action").notNullable();
        table.integer("user_id");
        table.text("state").notNullable();
        table.text("failures");
        table.text("answer");
        table.bigInteger("created_at").notNullable().index();
        table.bigInteger("finished_at");
      });
      await db.schema.createTable("idempotency", (table) => {
        table.text("key").primary();
        table.text("request").notNullable();
        table.text("operation_id").notNullable();
        table.bigInteger("created_at").notNullable().index();
      });
    },
  },
  {
    id: "002-tasks",
    up: async (db) => {
      await db.schema.alterTable("operations", (table) => {
        /** The task it started: then it is at its end when the task is. */
        table.text("task");
        table.double("progress").notNullable().defaultTo(0);
        /** Why a task did not end as `done`, for people. */
        table.text("error");
      });
      await db.schema.createTable("operation_steps", (table) => {
        table.text("operation_id").notNullable();
        table.text("name").notNullable();
        table.integer("position").notNullable();
        table.text("state").notNullable();
        table.text("message").notNullable();
        table.primary(["operation_id", "name"]);
      });
    },
  },
];
