import type { AccountRow } from "@patchbay/accounts/contract";
import { Certificates } from "@patchbay/certificates/contract";
import { PhpPools } from "@patchbay/php/contract";
import { type ChangeContext, notFound, type Read } from "@patchbay/sdk";
import {
  type DomainEvent,
  type DomainRow,
  type DomainType,
  domainAdded,
  domainDeprovision,
  domainProvision,
  domainRemoved,
  webSlotId,
} from "./contract.ts";
import { type DomainRecord, type DomainView, findDomain, toDomainViews } from "./domain-view.ts";
import { toBackwards } from "./names.ts";
import { webRootSlotId } from "./root-slot.ts";

export interface NewDomain {
  readonly name: string;
  readonly type: DomainType;
  readonly documentRoot: string | null;
  readonly phpVersion: string | null;
  readonly redirectTo: string | null;
  readonly redirectCode: number | null;
}

/** Throws NOT_FOUND. */
export async function requireAccountRow(read: Read, id: number): Promise<AccountRow> {
  const row = await read.get<AccountRow>("SELECT * FROM accounts WHERE id = ?", [id]);
  if (!row) throw notFound("account");
  return row;
}

/** Throws NOT_FOUND. */
export async function requireDomain(read: Read, id: number): Promise<DomainRecord> {
  const row = await findDomain(read, id);
  if (!row) throw notFound("domain");
  return row;
}

/** A domain as the answer of a change shows it. Throws NOT_FOUND. */
export async function showDomain(change: ChangeContext, id: number): Promise<DomainView> {
  const row = await requireDomain(change.read, id);
  const [view] = await toDomainViews(change.read, change.use(Certificates), [row]);
  if (!view) throw new Error("a domain was not shown");
  return view;
}

/** Writes a domain whose name was found free. */
export async function insertDomain(
  change: ChangeContext,
  account: AccountRow,
  domain: NewDomain,
): Promise<DomainRecord> {
  const { id } = await change.intents.insert("domains", {
    account_id: account.id,
    name: domain.name,
    backwards: toBackwards(domain.name),
    type: domain.type,
    document_root: domain.documentRoot,
    php_version: domain.phpVersion,
    redirect_to: domain.redirectTo,
    redirect_code: domain.redirectCode,
  });
  await syncCertificate(change, account, { id, name: domain.name });
  touchDomain(change, domain);
  await syncPools(change, account.id);
  const row = await requireDomain(change.read, id);
  await change.run(domainProvision, { account, domain: row, change });
  await change.emit(domainAdded, toEvent(row));
  return row;
}

/** Deletes a domain with everything that hangs on it. The files in its directory are the tenant's and stay. */
export async function deleteDomain(change: ChangeContext, account: AccountRow, domain: DomainRecord): Promise<void> {
  await change.run(domainDeprovision, { account, domain, change });
  for (const table of ["domain_aliases", "domain_includes"]) {
    const rows = await change.read.all<{ id: number }>(`SELECT id FROM ${table} WHERE domain_id = ?`, [domain.id]);
    for (const row of rows) await change.intents.delete(table, row.id);
  }
  await change.intents.delete("domains", domain.id);
  await change.use(Certificates).remove(change, domain.name);
  touchDomain(change, domain);
  await syncPools(change, account.id);
  await change.emit(domainRemoved, toEvent(domain));
}

/** A domain as notify hooks tell of it. */
export function toEvent({ account_id, id, name, type }: DomainRow): DomainEvent {
  return { domainId: id, accountId: account_id, domain: name, type };
}

/** Marks the units of a domain. */
export function touchDomain(change: ChangeContext, { name, type }: Pick<DomainRow, "name" | "type">): void {
  if (type !== "redirect") change.intents.touch(webRootSlotId, name);
  change.intents.touch(webSlotId, name);
}

/** Gives a domain a certificate for the names it has now. */
export async function syncCertificate(
  change: ChangeContext,
  account: AccountRow,
  { id, name }: Pick<DomainRow, "id" | "name">,
): Promise<void> {
  const aliases = await change.read.all<{ name: string }>(
    "SELECT name FROM domain_aliases WHERE domain_id = ? ORDER BY name",
    [id],
  );
  await change.use(Certificates).ensure(change, account, [name, ...aliases.map((alias) => alias.name)]);
}

const versionsSql = `SELECT DISTINCT COALESCE(d.php_version, a.php_version) AS version
FROM domains d JOIN accounts a ON a.id = d.account_id WHERE d.account_id = ? AND d.type <> 'redirect'`;

/** Gives the account exactly the PHP pools that its sites use. */
export async function syncPools(change: ChangeContext, accountId: number): Promise<void> {
  const pools = change.use(PhpPools);
  const rows = await change.read.all<{ version: string }>(versionsSql, [accountId]);
  const wanted = new Set(rows.map((row) => row.version).filter((version) => version !== ""));
  for (const version of await pools.versions(change.read, accountId)) {
    if (!wanted.has(version)) await pools.release(change, accountId, version);
    wanted.delete(version);
  }
  for (const version of wanted) await pools.ensure(change, accountId, version);
}
