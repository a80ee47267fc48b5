import type { Migration } from "@patchbay/sdk";

export const certificateMigrations: readonly Migration[] = [
  {
    id: "001-certificates",
    up: async (db) => {
      await db.schema.createTable("certificates", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        table.integer("account_id").notNullable().index();
        table.text("domain").notNullable().unique();
        table.text("kind").notNullable();
        // Host names as JSON, the domain first: what a self-signed certificate is made for, now or when it comes back.
        table.text("names").notNullable();
        table.text("certificate").notNullable();
        // Sealed. The table, the undo log and the ledger hold no other form of it.
        table.text("key").notNullable();
        table.text("fingerprint").notNullable();
        table.bigInteger("issued_at").notNullable();
        table.bigInteger("expires_at").notNullable();
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
      });
    },
  },
  {
    id: "002-expiry-told",
    up: async (db) => {
      // Days before its end at which the expiry of this certificate was told last; null: never.
      await db.schema.alterTable("certificates", (table) => void table.integer("expiry_told"));
      await db.raw("CREATE INDEX certificates_expiry ON certificates (expires_at) WHERE kind <> 'self-signed'");
    },
  },
];
