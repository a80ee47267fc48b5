import type { Migration } from "@patchbay/sdk";

/** The plugin room's tables: what is wanted of each plugin, what they did wrong, and what they keep. */
export const pluginMigrations: readonly Migration[] = [
  {
    id: "001-plugins",
    up: async (db) => {
      await db.schema.createTable("plugins", (table) => {
        table.text("id").primary();
        /** `enabled`, `disabled`, `quarantined`. */
        table.text("wanted").notNullable();
        /** Why it is quarantined. */
        table.text("reason");
        /** When the panel began to run it within its own process; null: it has come through that. */
        table.bigInteger("started_at");
        table.bigInteger("updated_at").notNullable();
      });
      await db.schema.createTable("plugin_faults", (table) => {
        table.increments("id");
        table.text("plugin").notNullable();
        table.text("kind").notNullable();
        table.text("place").notNullable();
        table.text("message").notNullable();
        table.bigInteger("at").notNullable();
        table.index(["plugin", "id"]);
      });
      await db.schema.createTable("plugin_documents", (table) => {
        table.text("plugin").notNullable();
        table.text("key").notNullable();
        /** JSON. */
        table.text("value").notNullable();
        table.bigInteger("updated_at").notNullable();
        table.primary(["plugin", "key"]);
      });
      await db.schema.createTable("side_places", (table) => {
        table.text("slot").notNullable();
        table.text("provider").notNullable();
        /** Distance of its side ports from the first of the slot. */
        table.integer("place").notNullable();
        table.primary(["slot", "provider"]);
      });
    },
  },
];
