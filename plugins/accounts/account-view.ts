import { type OperationContext, type Read, type Token, toIso } from "@patchbay/sdk";
import * as v from "valibot";
import type { AccountRecord } from "./account-store.ts";
import { type CountsPerAccount, DatabasesOfAccount, DomainsOfAccount, MailboxesOfAccount } from "./contract.ts";
import { DiskUsageToken } from "./disk-usage.ts";
import { toMebibytes } from "./limits.ts";

const listItem = {
  id: v.number(),
  username: v.string(),
  domain: v.string(),
  email: v.string(),
  status: v.picklist(["active", "suspended", "terminated"]),
  package_id: v.nullable(v.number()),
  package_name: v.nullable(v.string()),
  php_version: v.string(),
  reseller_id: v.nullable(v.number()),
  disk_used_mb: v.number(),
  domain_count: v.number(),
  email_count: v.number(),
  db_count: v.number(),
  created_at: v.string(),
};

/** One line of `accounts.list`. */
export const accountListItem = v.strictObject(listItem);

/** A domain as its owner shows it; what it carries besides is passed on. */
const accountDomain = v.looseObject({
  id: v.number(),
  account_id: v.number(),
  domain: v.string(),
  type: v.picklist(["main", "addon", "subdomain", "redirect"]),
});

export const accountDetail = v.strictObject({
  ...listItem,
  home_dir: v.string(),
  domains: v.array(accountDomain),
  suspended_at: v.nullable(v.string()),
  suspend_reason: v.nullable(v.string()),
});

export type AccountListItem = v.InferOutput<typeof accountListItem>;
export type AccountDetail = v.InferOutput<typeof accountDetail>;

type Use = Pick<OperationContext, "use" | "find">;

/** The lines of one page, with a constant number of statements. */
export async function toListItems(ctx: Use, read: Read, rows: readonly AccountRecord[]): Promise<AccountListItem[]> {
  const ids = rows.map((row) => row.id);
  const count = async (source: Token<CountsPerAccount>) =>
    ids.length === 0 ? undefined : ctx.find(source)?.counts(read, ids);
  const domains = await count(DomainsOfAccount);
  const mailboxes = await count(MailboxesOfAccount);
  const databases = await count(DatabasesOfAccount);
  return rows.map((row) => ({
    id: row.id,
    username: row.username,
    domain: row.domain,
    email: row.email,
    status: row.status,
    package_id: row.package_name === null ? null : row.package_id,
    package_name: row.package_name,
    php_version: row.php_version,
    reseller_id: row.reseller_id,
    disk_used_mb: toMebibytes(row.disk_used_bytes),
    domain_count: domains?.get(row.id) ?? 0,
    email_count: mailboxes?.get(row.id) ?? 0,
    db_count: databases?.get(row.id) ?? 0,
    created_at: toIso(row.created_at),
  }));
}

/** One account with its domains, and its disk usage as it was measured last. */
export async function toDetail(ctx: Use, read: Read, row: AccountRecord): Promise<AccountDetail> {
  const [item] = await toListItems(ctx, read, [row]);
  if (!item) throw new Error("one row gives one item");
  const domains = (await ctx.find(DomainsOfAccount)?.list(read, row.id)) ?? [];
  return {
    ...item,
    home_dir: row.home,
    domains: v.parse(v.array(accountDomain), domains),
    suspended_at: row.suspended_at === null ? null : toIso(row.suspended_at),
    suspend_reason: row.suspend_reason,
  };
}

/**
 * The same with the disk usage of now, or the last known when it cannot be measured: an account whose home is broken must
 * still be shown. For reads outside a change: the home of a new account does not exist yet.
 */
export async function toMeasuredDetail(ctx: Use, read: Read, row: AccountRecord): Promise<AccountDetail> {
  const measured = await ctx.use(DiskUsageToken).of(row);
  return toDetail(ctx, read, measured ? { ...row, disk_used_bytes: measured.bytes } : row);
}
