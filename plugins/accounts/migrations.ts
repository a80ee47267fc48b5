import type { Db, Migration } from "@patchbay/sdk";

/** Tables of packages, accounts and the counter of OS user ids. */
export const migrations: readonly Migration[] = [{ id: "001-accounts", up: createTables }];

async function createTables(db: Db): Promise<void> {
  await db.schema.createTable("packages", (table) => {
    table.increments("id");
    table.text("uuid").notNullable().unique();
    table.text("name").notNullable().unique();
    for (const limit of ["disk_mb", "max_email", "max_databases", "max_ftp", "max_domains", "max_subdomains"]) {
      table.integer(limit).notNullable();
    }
    table.integer("php_max_children").notNullable().defaultTo(5);
    table.integer("php_memory_mb").notNullable().defaultTo(128);
    table.bigInteger("created_at").notNullable();
    table.bigInteger("updated_at").notNullable();
  });
  await db.schema.createTable("accounts", (table) => {
    table.increments("id");
    table.text("uuid").notNullable().unique();
    table.text("username").notNullable().unique();
    table.integer("uid").notNullable().unique();
    table.text("home").notNullable();
    table.text("domain").notNullable().unique();
    table.text("email").notNullable();
    table.text("status").notNullable();
    table.text("suspend_reason");
    table.bigInteger("suspended_at");
    table.integer("user_id").notNullable().unique();
    table.integer("reseller_id").index();
    // No foreign key: taking a terminated account back must work even when its package was deleted meanwhile.
    table.integer("package_id").index();
    table.text("php_version").notNullable();
    table.bigInteger("disk_used_bytes").notNullable().defaultTo(0);
    table.bigInteger("disk_inodes").notNullable().defaultTo(0);
    table.bigInteger("disk_measured_at");
    table.bigInteger("created_at").notNullable();
    table.bigInteger("updated_at").notNullable();
  });
  await db.schema.createTable("account_uids", (table) => {
    table.integer("id").primary();
    table.integer("next").notNullable();
  });
}
