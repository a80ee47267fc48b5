import type { Migration } from "@patchbay/sdk";

/** The auth room's tables. Owner `auth`. Times are milliseconds since 1970. */
export const authMigrations: readonly Migration[] = [
  {
    id: "001-auth",
    up: async (db) => {
      await db.schema.createTable("users", (table) => {
        // Never reuses an id, so nothing that outlives a login can become the next one's.
        table.increments("id");
        table.text("uuid").notNullable().unique();
        table.text("username").notNullable().unique();
        table.text("email").notNullable().unique();
        table.text("role").notNullable().index();
        table.text("password_hash").notNullable();
        table.text("status").notNullable();
        table.text("totp_sealed");
        table.bigInteger("totp_enabled_at");
        table.bigInteger("totp_last_step");
        table.text("backup_codes");
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
      });
      await db.schema.createTable("sessions", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        const reference = (column: string, target: string) =>
          table.integer(column).index().references("id").inTable(target).onDelete("CASCADE");
        reference("user_id", "users").notNullable();
        table.text("token_hash").notNullable().unique();
        reference("impersonator_id", "users");
        // The impersonator's own session: when it ends, so does this one.
        reference("parent_id", "sessions");
        table.text("ip").notNullable();
        table.text("user_agent").notNullable();
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
        table.bigInteger("last_seen_at").notNullable();
        table.bigInteger("expires_at").notNullable().index();
      });
      await db.schema.createTable("api_tokens", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        table.integer("user_id").notNullable().index().references("id").inTable("users").onDelete("CASCADE");
        table.text("name").notNullable();
        table.text("token_hash").notNullable().unique();
        table.text("scopes");
        table.bigInteger("expires_at");
        table.bigInteger("last_used_at");
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
      });
      await db.schema.createTable("login_failures", (table) => {
        table.text("pair").primary();
        table.integer("failures").notNullable();
        table.bigInteger("first_at").notNullable();
        table.bigInteger("last_at").notNullable().index();
        table.bigInteger("locked_until").notNullable();
      });
    },
  },
];
