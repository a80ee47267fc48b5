import { accountsSlotId } from "@patchbay/accounts/contract";
import { type CertificateFile, type Certificates, certificatesSlotId } from "@patchbay/certificates/contract";
import { type PhpPools, phpSlotId } from "@patchbay/php/contract";
import { defineSlot, type ParityRequest, type Read, type Slot } from "@patchbay/sdk";
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

const assignedSql = `SELECT name, web_server FROM domains
WHERE web_server IS NOT NULL AND name IN (SELECT value FROM json_each(?))`;

/** What sites are made of besides their rows. Asked for when units are loaded, not before. */
export interface SiteParts {
  pools(): PhpPools;
  certificates(): Certificates;
}

/** All sites, keyed by their domain. */
export function createSiteSlot(parts: SiteParts): Slot<SiteUnit> {
  return defineSlot<SiteUnit>({
    id: webSlotId,
    title: "Web server",
    option: "web_server",
    cardinality: "one",
    unit: siteUnit,
    after: [accountsSlotId, webRootSlotId, phpSlotId, certificatesSlotId],
    load: async (read, keys) => {
      const rows = await read.all<SiteRow>(sitesSql, [JSON.stringify(keys)]);
      const ids = JSON.stringify(rows.map((row) => row.id));
      const [aliases, includes, files] = await Promise.all([
        textsOf(read, aliasesSql, ids),
        textsOf(read, includesSql, ids),
        parts.certificates().files(
          read,
          rows.map((row) => row.name),
        ),
      ]);
      const pools = parts.pools();
      return new Map(
        rows.map((row) => [
          row.name,
          toUnit(row, { aliases: aliases(row.id), includes: includes(row.id), file: files.get(row.name), pools }),
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
    assigned: async (read, keys) => {
      const rows = await read.all<{ name: string; web_server: string }>(assignedSql, [JSON.stringify(keys)]);
      return new Map(rows.map((row) => [row.name, row.web_server]));
    },
    parity,
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

/** The front page of a site, as its visitors ask for it. */
function parity(_key: string, unit: SiteUnit): ParityRequest[] {
  const host = unit.names[0] ?? "";
  if (unit.state === "suspended") return [];
  const ports = unit.kind === "redirect" ? (["http"] as const) : (["http", "https"] as const);
  return ports
    .filter((port) => port === "https" || unit.kind === "redirect" || !unit.https.force)
    .map((port) => ({ port, host, path: "/" }));
}

interface Parts {
  readonly aliases: readonly TextRow[];
  readonly includes: readonly TextRow[];
  readonly file: CertificateFile | undefined;
  readonly pools: PhpPools;
}

function toUnit(row: SiteRow, { aliases, file, includes, pools }: Parts): SiteUnit {
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
    https: {
      // A site without a certificate is refused by every backend, alone; the others go on.
      file: file?.file ?? "",
      certificate: file?.fingerprint ?? "",
      force: row.force_https === 1,
      hsts: row.hsts,
    },
    includes: Object.fromEntries(includes.map((include) => [include.name, include.content])),
  };
}
