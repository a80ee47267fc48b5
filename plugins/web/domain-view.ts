import type { Certificates } from "@patchbay/certificates/contract";
import { type Read, toIso } from "@patchbay/sdk";
import * as v from "valibot";
import type { DomainRow } from "./contract.ts";

/** A domain as answers show it. */
export const domainView = v.strictObject({
  id: v.number(),
  account_id: v.number(),
  domain: v.string(),
  type: v.picklist(["main", "addon", "subdomain", "redirect"]),
  document_root: v.nullable(v.string()),
  php_version: v.nullable(v.string()),
  /** True: its certificate is one that clients can trust. HTTPS is served in any case. */
  ssl_enabled: v.boolean(),
  force_https: v.boolean(),
  /** Seconds; null: no Strict-Transport-Security. */
  hsts_max_age: v.nullable(v.number()),
  redirect_to: v.nullable(v.string()),
  redirect_code: v.nullable(v.number()),
  /** The web server it is assigned to; null: the chosen one. */
  web_server: v.nullable(v.string()),
  created_at: v.string(),
});

export type DomainView = v.InferOutput<typeof domainView>;

/** A row with the version its account has. */
export interface DomainRecord extends DomainRow {
  readonly account_php_version: string;
}

const recordSql =
  "SELECT d.*, a.php_version AS account_php_version FROM domains d JOIN accounts a ON a.id = d.account_id";

/** The main domain first, the others by name. */
export function listDomains(read: Read, accountId: number): Promise<DomainRecord[]> {
  return read.all(`${recordSql} WHERE d.account_id = ? ORDER BY d.type <> 'main', d.name`, [accountId]);
}

export function findDomain(read: Read, id: number): Promise<DomainRecord | undefined> {
  return read.get(`${recordSql} WHERE d.id = ?`, [id]);
}

/** Shows any number of domains with one statement more. */
export async function toDomainViews(
  read: Read,
  certificates: Certificates,
  rows: readonly DomainRecord[],
): Promise<DomainView[]> {
  const files = await certificates.files(
    read,
    rows.map((row) => row.name),
  );
  return rows.map((row) => toDomainView(row, files.get(row.name)?.trusted === true));
}

function toDomainView(row: DomainRecord, isTrusted: boolean): DomainView {
  const version = row.php_version ?? row.account_php_version;
  return {
    id: row.id,
    account_id: row.account_id,
    domain: row.name,
    type: row.type,
    document_root: row.document_root,
    php_version: row.type === "redirect" || version === "" ? null : version,
    ssl_enabled: isTrusted,
    force_https: row.force_https === 1,
    hsts_max_age: row.hsts,
    redirect_to: row.redirect_to,
    redirect_code: row.redirect_code,
    web_server: row.web_server,
    created_at: toIso(row.created_at),
  };
}
