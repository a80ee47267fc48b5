import { randomUUID } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import sqlite3 from "sqlite3";

/** An account that gets its sites behind the panel's back. */
export interface Seed {
  /** Database of an instance that does not run. */
  readonly database: string;
  readonly account: { readonly id: number; readonly home_dir: string };
  readonly sites: number;
}

/** Writes the rows and makes the directories that so many calls of `domains.add` would have. Nothing is served by it. */
export async function seedSites({ database, account, sites }: Seed): Promise<void> {
  const publicHtml = join(account.home_dir, "public_html");
  const { uid, gid } = statSync(publicHtml);
  const rows = Array.from({ length: sites }, (_, at) => {
    const label = `seeded-${String(at).padStart(5, "0")}`;
    const root = join(publicHtml, `${label}.example.org`);
    mkdirSync(root);
    chownSync(root, uid, gid);
    chmodSync(root, 0o750);
    return { uuid: randomUUID(), name: `${label}.example.org`, backwards: `org.example.${label}`, root };
  });
  const db = new sqlite3.Database(database);
  await run(
    db,
    `INSERT INTO domains (uuid, created_at, updated_at, account_id, name, backwards, type, document_root)
     SELECT json_extract(value, '$.uuid'), ?, ?, ?, json_extract(value, '$.name'), json_extract(value, '$.backwards'),
       'addon', json_extract(value, '$.root') FROM json_each(?)`,
    [Date.now(), Date.now(), account.id, JSON.stringify(rows)],
  );
  await new Promise<void>((resolve, reject) => db.close((error) => (error ? reject(error) : resolve())));
}

function run(db: sqlite3.Database, sql: string, params: readonly unknown[]): Promise<void> {
  return new Promise((resolve, reject) => db.run(sql, params, (error) => (error ? reject(error) : resolve())));
}
