import type { AccountChange, AccountDomains, AccountProvision, AccountRow } from "@patchbay/accounts/contract";
import type { Certificates } from "@patchbay/certificates/contract";
import { PhpPools } from "@patchbay/php/contract";
import { deleteDomain, insertDomain, requireAccountRow, syncPools, touchDomain } from "./domain-store.ts";
import { listDomains, toDomainViews } from "./domain-view.ts";
import { assertNameFree } from "./name-rules.ts";

/** Gives a new account its main domain. */
export async function provisionMainDomain({ account, change, domain, phpVersion }: AccountProvision): Promise<void> {
  await assertNameFree(change, account.id, domain);
  if (phpVersion !== "") change.use(PhpPools).requireInstalled(phpVersion);
  await insertDomain(change, account, {
    name: domain,
    type: "main",
    documentRoot: mainRoot(account),
    phpVersion: null,
    redirectTo: null,
    redirectCode: null,
  });
}

export function mainRoot(account: Pick<AccountRow, "home">): string {
  return `${account.home}/public_html`;
}

/** Takes all domains of an account that ends. */
export async function removeDomains({ account, change }: AccountChange): Promise<void> {
  for (const domain of await listDomains(change.read, account.id)) await deleteDomain(change, account, domain);
}

/** Suspension and the account's PHP version show in each of its sites. */
export async function touchDomains({ account, change }: AccountChange): Promise<void> {
  const current = await requireAccountRow(change.read, account.id);
  for (const domain of await listDomains(change.read, current.id)) touchDomain(change, domain);
  await syncPools(change, current.id);
}

/** What `accounts.get` and `accounts.list` show of domains. */
export function createDomainsOfAccount(certificates: Certificates): AccountDomains {
  return {
    list: async (read, accountId) => toDomainViews(read, certificates, await listDomains(read, accountId)),
    counts: async (read, accountIds) => {
      const rows = await read.all<{ account_id: number; domains: number }>(
        `SELECT account_id, COUNT(*) AS domains FROM domains
       WHERE account_id IN (SELECT value FROM json_each(?)) GROUP BY account_id`,
        [JSON.stringify(accountIds)],
      );
      return new Map(rows.map((row) => [row.account_id, row.domains]));
    },
  };
}
