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
  ssl_enabled: v.boolean(),
  redirect_to: v.nullable(v.string()),
  redirect_code: v.nullable(v.number()),
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

export function toDomainView(row: DomainRecord): DomainView {
  const { account_id, account_php_version, created_at, document_root, id, name, redirect_code, redirect_to, type } =
    row;
  const version = row.php_version ?? account_php_version;
  return {
    id,
    account_id,
    domain: name,
    type,
    document_root,
    php_version: type === "redirect" || version === "" ? null : version,
    // Sites are served without certificates until a plugin brings them.
    ssl_enabled: false,
    redirect_to,
    redirect_code,
    created_at: toIso(created_at),
  };
}
