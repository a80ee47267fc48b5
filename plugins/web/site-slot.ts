import { accountsSlotId } from "@patchbay/accounts/contract";
import { type PhpPools, phpSlotId } from "@patchbay/php/contract";
import { defineSlot, type Read, type Slot } from "@patchbay/sdk";
import { type DomainRow, type SiteUnit, siteUnit, webSlotId } from "./contract.ts";
import { webRootSlotId } from "./root-slot.ts";

interface SiteRow extends DomainRow {
  readonly username: string;
  readonly home: string;
  readonly status: string;
  readonly account_php: string;
}

interface TextRow {
  readonly domain_id: number;
  readonly name: string;
  readonly content: string;
}

/** One statement each for any number of keys; the keys travel as one value, so the texts stay constant. */
const sitesSql = `SELECT d.*, a.username, a.home, a.status, a.php_version AS account_php
FROM domains d JOIN accounts a ON a.id = d.account_id WHERE d.name IN (SELECT value FROM json_each(?))`;
const aliasesSql = `SELECT domain_id, name, '' AS content FROM domain_aliases
WHERE domain_id IN (SELECT value FROM json_each(?)) ORDER BY name`;
const includesSql = `SELECT domain_id, provider AS name, content FROM domain_includes
WHERE domain_id IN (SELECT value FROM json_each(?)) ORDER BY provider`;

/** All sites, keyed by their domain. `pools` is asked when units are loaded, not before. */
export function createSiteSlot(pools: () => PhpPools): Slot<SiteUnit> {
  return defineSlot<SiteUnit>({
    id: webSlotId,
    title: "Web server",
    option: "web_server",
    unit: siteUnit,
    after: [accountsSlotId, webRootSlotId, phpSlotId],
    load: async (read, keys) => {
      const rows = await read.all<SiteRow>(sitesSql, [JSON.stringify(keys)]);
      const ids = JSON.stringify(rows.map((row) => row.id));
      const aliases = await textsOf(read, aliasesSql, ids);
      const includes = await textsOf(read, includesSql, ids);
      return new Map(
        rows.map((row) => [
          row.name,
          toUnit(row, { aliases: aliases(row.id), includes: includes(row.id), pools: pools() }),
        ]),
      );
    },
    keys: async (read, after, limit) => {
      const rows = await read.all<{ name: string }>("SELECT name FROM domains WHERE name > ? ORDER BY name LIMIT ?", [
        after,
        limit,
      ]);
      return rows.map((row) => row.name);
    },
  });
}

async function textsOf(read: Read, sql: string, ids: string): Promise<(id: number) => readonly TextRow[]> {
  const byDomain = new Map<number, TextRow[]>();
  for (const row of await read.all<TextRow>(sql, [ids])) {
    const list = byDomain.get(row.domain_id);
    if (list) list.push(row);
    else byDomain.set(row.domain_id, [row]);
  }
  return (id) => byDomain.get(id) ?? [];
}

interface Parts {
  readonly aliases: readonly TextRow[];
  readonly includes: readonly TextRow[];
  readonly pools: PhpPools;
}

function toUnit(row: SiteRow, { aliases, includes, pools }: Parts): SiteUnit {
  const version = row.php_version ?? row.account_php;
  const isRedirect = row.type === "redirect";
  return {
    names: [row.name, ...aliases.map((alias) => alias.name)],
    kind: isRedirect ? "redirect" : "site",
    account: { username: row.username, home: row.home },
    state: row.status === "suspended" ? "suspended" : "active",
    root: row.document_root,
    php: isRedirect || version === "" ? null : { socket: pools.socket(row.username, version) },
    redirect: isRedirect ? { to: row.redirect_to ?? "", code: row.redirect_code === 302 ? 302 : 301 } : null,
    includes: Object.fromEntries(includes.map((include) => [include.name, include.content])),
  };
}
