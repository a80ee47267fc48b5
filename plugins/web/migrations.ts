import type { Db, Migration } from "@patchbay/sdk";

type Table = Parameters<Parameters<Db["schema"]["createTable"]>[1]>[0];

/** Tables of the domains, their aliases, and the text admins added for a backend. */
export const webMigrations: readonly Migration[] = [
  { id: "001-domains", up: createTables },
  { id: "002-https-and-assignment", up: addHttps },
];

async function createTables(db: Db): Promise<void> {
  await db.schema.createTable("domains", (table) => {
    columns(table);
    table.integer("account_id").notNullable().index();
    name(table);
    table.text("type").notNullable();
    table.text("document_root");
    table.text("php_version");
    table.text("redirect_to");
    table.integer("redirect_code");
  });
  await db.schema.createTable("domain_aliases", (table) => {
    columns(table);
    table.integer("domain_id").notNullable().index();
    name(table);
  });
  await db.schema.createTable("domain_includes", (table) => {
    columns(table);
    table.integer("domain_id").notNullable();
    table.text("provider").notNullable();
    table.text("content").notNullable();
    table.unique(["domain_id", "provider"]);
  });
}

async function addHttps(db: Db): Promise<void> {
  await db.schema.alterTable("domains", (table) => {
    table.integer("force_https").notNullable().defaultTo(0);
    table.integer("hsts");
    table.text("web_server");
    // Few sites are assigned to a web server of their own.
    table.index(["web_server"], "domains_web_server", { predicate: db.whereNotNull("web_server") });
  });
}

function columns(table: Table): void {
  table.increments("id");
  table.text("uuid").notNullable().unique();
  table.bigInteger("created_at").notNullable();
  table.bigInteger("updated_at").notNullable();
}

function name(table: Table): void {
  table.text("name").notNullable().unique();
  // The labels backwards, `com.example.shop`: all names below a name are one range of an index.
  table.text("backwards").notNullable().unique();
}
