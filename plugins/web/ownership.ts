import type { Meter, ObjectOwner, ObjectType } from "@patchbay/sdk";
import { domainObject } from "./contract.ts";

/** Whose a domain is: that of its account's holder and reseller. */
export const domainType: ObjectType = {
  type: domainObject,
  title: "domain",
  tables: ["domains", "accounts"],
  owner: (read, id) =>
    read.get<ObjectOwner>(
      `SELECT a.id AS accountId, a.user_id AS userId, a.reseller_id AS resellerId
       FROM domains d JOIN accounts a ON a.id = d.account_id WHERE d.id = ?`,
      [id],
    ),
};

function meter(id: string, condition: string): Meter {
  const sql = `SELECT COUNT(*) AS used FROM domains WHERE account_id = ? AND ${condition}`;
  return { id, count: async (read, accountId) => (await read.get<{ used: number }>(sql, [accountId]))?.used ?? 0 };
}

/** Main and addon domains and redirects. */
export const domainsMeter = meter("domains", "type <> 'subdomain'");
export const subdomainsMeter = meter("subdomains", "type = 'subdomain'");
