import type { Read, Upgrade } from "@patchbay/sdk";
import { namesAbove, rangeBelow } from "@patchbay/web/contract";
import { addForDomain } from "./domain-taps.ts";

interface Domain {
  readonly id: number;
  readonly name: string;
  readonly backwards: string;
  readonly account_id: number;
}

const pageSize = 1000;
const mostAtOnce = 100;

const withoutSql = `SELECT d.id, d.name, d.backwards, d.account_id FROM domains d LEFT JOIN dns_zones z ON z.name = d.name
WHERE z.id IS NULL AND d.backwards > ?`;
/** Names come before those below them. */
const pageSql = `${withoutSql} ORDER BY d.backwards LIMIT ?`;
const belowSql = `${withoutSql} AND d.backwards < ? AND d.account_id = ? ORDER BY d.backwards`;
const zonesSql = "SELECT name, account_id FROM dns_zones WHERE name IN (SELECT value FROM json_each(?))";

/** Domains from before there were zones get theirs, and those below them their addresses in it. */
export const missingZones: Upgrade = {
  id: "dns.zones-of-domains",
  run: async (change) => {
    const missing = await findMissing(change.read);
    const add = (domain: Domain) => addForDomain({ account: { id: domain.account_id }, domain, change });
    for (const domain of missing) await add(domain);
    for (const { account_id: accountId, name } of missing) {
      for (const domain of await change.read.all<Domain>(belowSql, [...rangeBelow(name), accountId])) await add(domain);
    }
    return missing.length === mostAtOnce;
  },
};

/** Domains that neither have a zone nor are, or will be, in one of their account above them. */
async function findMissing(read: Read): Promise<readonly Domain[]> {
  const missing: Domain[] = [];
  const accounts = new Map<string, number>();
  let after: string | undefined = "";
  while (after !== undefined && missing.length < mostAtOnce) {
    const page: Domain[] = await read.all<Domain>(pageSql, [after, pageSize]);
    const above = JSON.stringify([...new Set(page.flatMap(({ name }) => namesAbove(name)))]);
    for (const zone of await read.all<Domain>(zonesSql, [above])) accounts.set(zone.name, zone.account_id);
    for (const domain of page) {
      const nearest = namesAbove(domain.name).find((name) => accounts.has(name));
      if (nearest !== undefined && accounts.get(nearest) === domain.account_id) continue;
      missing.push(domain);
      accounts.set(domain.name, domain.account_id);
    }
    after = page.at(pageSize - 1)?.backwards;
  }
  return missing.slice(0, mostAtOnce);
}
