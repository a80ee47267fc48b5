import { type ChangeContext, type Read, ServerOptions, SystemFacts } from "@patchbay/sdk";
import type { DomainNames } from "./contract.ts";
import { belongsToOther, domainExists, domainReserved } from "./errors.ts";
import { areRelated, namesAbove, rangeBelow } from "./names.ts";

const takenSql = "SELECT 1 FROM domains WHERE name = ? UNION ALL SELECT 1 FROM domain_aliases WHERE name = ? LIMIT 1";

const aliasOwners = "SELECT d.account_id FROM domain_aliases n JOIN domains d ON d.id = n.domain_id WHERE n.";
/** Accounts that hold a name above or below, each part by its own index. */
const relatedSql = `SELECT account_id FROM (
SELECT account_id FROM domains WHERE name IN (SELECT value FROM json_each(?))
UNION ALL ${aliasOwners}name IN (SELECT value FROM json_each(?))
UNION ALL SELECT account_id FROM domains WHERE backwards > ? AND backwards < ?
UNION ALL ${aliasOwners}backwards > ? AND n.backwards < ?) WHERE account_id <> ? LIMIT 1`;

/**
 * Throws unless the account may take the name: it must be free, not the server's own, and, unless an admin decides so, not
 * above or below a name of another account. Who holds a name could otherwise be given mail or certificates for the other.
 */
export async function assertNameFree(change: ChangeContext, accountId: number, name: string): Promise<void> {
  const { principal, read } = change;
  if (change.use(SystemFacts).reservedHosts.some((host) => areRelated(host.toLowerCase(), name)))
    throw domainReserved();
  if (isOfNameServers(nameServers(change), name, principal.role === "admin")) throw domainReserved();
  if (await read.get(takenSql, [name, name])) throw domainExists();
  if (principal.role !== "admin" && (await hasForeignRelation(read, accountId, name))) throw belongsToOther();
}

/** The names of the server's name servers: who held one could answer for every zone. */
function nameServers(change: ChangeContext): string[] {
  const options = change.use(ServerOptions).all();
  return ["ns1_hostname", "ns2_hostname"].map((key) => options[key] ?? "").filter((host) => host !== "");
}

/** Equal or below; above only for who is no admin, because the provider may host its own site here. */
function isOfNameServers(hosts: readonly string[], name: string, isAdmin: boolean): boolean {
  return hosts.some((host) => (isAdmin ? name === host || name.endsWith(`.${host}`) : areRelated(host, name)));
}

async function hasForeignRelation(read: Read, accountId: number, name: string): Promise<boolean> {
  const above = JSON.stringify(namesAbove(name));
  const [from, to] = rangeBelow(name);
  return (await read.get(relatedSql, [above, above, from, to, from, to, accountId])) !== undefined;
}

/** The nearest name above that the account holds, or undefined. */
export async function ownNameAbove(read: Read, accountId: number, name: string): Promise<string | undefined> {
  const above = namesAbove(name);
  const json = JSON.stringify(above);
  const rows = await read.all<{ name: string }>(
    `SELECT name FROM domains WHERE account_id = ? AND name IN (SELECT value FROM json_each(?))
     UNION SELECT n.name FROM domain_aliases n JOIN domains d ON d.id = n.domain_id
     WHERE d.account_id = ? AND n.name IN (SELECT value FROM json_each(?))`,
    [accountId, json, accountId, json],
  );
  const own = new Set(rows.map((row) => row.name));
  return above.find((candidate) => own.has(candidate));
}

const holderSql = `SELECT account_id FROM domains WHERE name = ?
UNION ALL SELECT d.account_id FROM domain_aliases n JOIN domains d ON d.id = n.domain_id WHERE n.name = ? LIMIT 1`;

/** The rules, for other plugins. */
export const domainNames: DomainNames = {
  holder: async (read, name) => (await read.get<{ account_id: number }>(holderSql, [name, name]))?.account_id,
  assertFree: assertNameFree,
};
