import { randomUUID } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import sqlite3 from "sqlite3";
import { createVault } from "../../kernel/plugins/vault.ts";
import { readKey } from "../../kernel/storage/key.ts";
import { createSealer } from "../../kernel/storage/sealer.ts";
import { sealKey } from "../../plugins/certificates/sealed-key.ts";
import { createSelfSigned } from "../../plugins/certificates/self-signed.ts";
import { setKey } from "../../plugins/dns/contract.ts";
import { templateOf } from "../../plugins/dns/template.ts";

/** An account that gets its sites behind the panel's back. */
export interface Seed {
  /** Database of an instance that does not run. Its key lies beside it. */
  readonly database: string;
  readonly account: { readonly id: number; readonly home_dir: string };
  readonly sites: number;
  /** False: names without zones, where nothing but the web server is looked at. Default true. */
  readonly zones?: boolean;
}

interface SeededSite {
  readonly name: string;
  readonly backwards: string;
  readonly root: string;
}

type Row = Readonly<Record<string, string | number | null>>;

/** Writes the rows and makes the directories that so many calls of `domains.add` would have. Nothing is served by it. */
export async function seedSites({ database, account, sites, zones = true }: Seed): Promise<void> {
  const made = Array.from({ length: sites }, (_, at) => toSite(account.home_dir, at));
  const db = new sqlite3.Database(database);
  await run(db, "BEGIN");
  await insert(
    db,
    "domains",
    made.map(({ backwards, name, root }) => ({
      account_id: account.id,
      name,
      backwards,
      type: "addon",
      document_root: root,
    })),
  );
  await insert(db, "certificates", await certificateRows(dirname(database), account.id, made));
  if (zones) await insertZones(db, account.id, made);
  await run(db, "COMMIT");
  await new Promise<void>((resolve, reject) => db.close((error) => (error ? reject(error) : resolve())));
}

function toSite(home: string, at: number): SeededSite {
  const label = `seeded-${String(at).padStart(5, "0")}`;
  const publicHtml = join(home, "public_html");
  const { uid, gid } = statSync(publicHtml);
  const root = join(publicHtml, `${label}.example.org`);
  mkdirSync(root);
  chownSync(root, uid, gid);
  chmodSync(root, 0o750);
  return { name: `${label}.example.org`, backwards: `org.example.${label}`, root };
}

/** One pair serves all, because making so many keys would take a minute. Each row holds the key sealed for its domain. */
async function certificateRows(panel: string, accountId: number, sites: readonly SeededSite[]): Promise<Row[]> {
  const vault = createVault(createSealer(readKey(panel)), "certificates");
  const { certificate, expiresAt, fingerprint, issuedAt, key } = await createSelfSigned(["*.example.org"], Date.now());
  return sites.map(({ name }) => ({
    account_id: accountId,
    domain: name,
    kind: "self-signed",
    names: JSON.stringify([name]),
    certificate,
    key: sealKey(vault, name, key),
    fingerprint,
    issued_at: issuedAt,
    expires_at: expiresAt,
  }));
}

/** The zones that the domains would have come with, where the server has no name servers of its own. */
async function insertZones(db: sqlite3.Database, accountId: number, sites: readonly SeededSite[]): Promise<void> {
  const ids = new Map(
    (await all<{ id: number; name: string }>(db, "SELECT id, name FROM domains")).map(({ id, name }) => [name, id]),
  );
  const facts = { nameServers: [], ipv4: "127.0.0.1", ipv6: null };
  const templates = new Map(sites.map(({ name }) => [name, templateOf({ zone: name, ...facts })]));
  const zoneRow = ({ name, backwards }: SeededSite): Row => ({
    account_id: accountId,
    domain_id: ids.get(name) ?? null,
    name,
    backwards,
    primary_ns: templates.get(name)?.primary ?? "",
    contact: templates.get(name)?.contact ?? "",
    serial: Math.floor(Date.now() / 1000),
  });
  await insert(db, "dns_zones", sites.map(zoneRow));
  const zones = await all<{ id: number; name: string }>(db, "SELECT id, name FROM dns_zones");
  const records = zones.flatMap(({ id, name: zone }) =>
    (templates.get(zone)?.records ?? []).map(
      ({ data, name, ttl, type }): Row => ({
        zone_id: id,
        name,
        type,
        ttl,
        data,
        template: 1,
        unit_key: setKey({ zone, name, type }),
      }),
    ),
  );
  await insert(db, "dns_records", records);
}

/** Rows with the columns of the first, and those that every table has. They travel as one value. */
async function insert(db: sqlite3.Database, table: string, rows: readonly Row[]): Promise<void> {
  const now = Date.now();
  const full = rows.map((row) => ({ uuid: randomUUID(), created_at: now, updated_at: now, ...row }));
  const columns = Object.keys(full[0] ?? {});
  if (columns.length === 0) return;
  const values = columns.map((column) => `json_extract(value, '$.${column}')`).join(", ");
  const sql = `INSERT INTO ${table} (${columns.join(", ")}) SELECT ${values} FROM json_each(?)`;
  await run(db, sql, [JSON.stringify(full)]);
}

function run(db: sqlite3.Database, sql: string, params: readonly unknown[] = []): Promise<void> {
  return new Promise((resolve, reject) => db.run(sql, params, (error) => (error ? reject(error) : resolve())));
}

function all<T>(db: sqlite3.Database, sql: string): Promise<T[]> {
  return new Promise((resolve, reject) => db.all<T>(sql, (error, rows) => (error ? reject(error) : resolve(rows))));
}
