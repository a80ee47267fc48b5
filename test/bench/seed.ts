import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createVault } from "../../kernel/plugins/vault.ts";
import { readKey } from "../../kernel/storage/key.ts";
import { createSealer } from "../../kernel/storage/sealer.ts";
import { sealKey } from "../../plugins/certificates/sealed-key.ts";
import { createSelfSigned } from "../../plugins/certificates/self-signed.ts";
import { type SeedRow, seedDatabase } from "./seed-rows.ts";
import { insertZones } from "./seed-zones.ts";

/** An account that gets its sites behind the panel's back. */
export interface Seed {
  /** Database of an instance that does not run. Its key lies beside it. */
  readonly database: string;
  readonly account: { readonly id: number; readonly home_dir: string };
  readonly sites: number;
  /** False: names without zones, where nothing but the web server is looked at. Default true. */
  readonly zones?: boolean;
}

interface SeededSite {
  readonly name: string;
  readonly backwards: string;
  readonly root: string;
}

/** Writes the rows and makes the directories that so many calls of `domains.add` would have. Nothing is served by it. */
export async function seedSites({ database, account, sites, zones = true }: Seed): Promise<void> {
  const made = Array.from({ length: sites }, (_, at) => toSite(account.home_dir, at));
  const certificates = await certificateRows(dirname(database), account.id, made);
  await seedDatabase(database, async (db) => {
    await db.insert(
      "domains",
      made.map(({ backwards, name, root }) => ({
        account_id: account.id,
        name,
        backwards,
        type: "addon",
        document_root: root,
      })),
    );
    await db.insert("certificates", certificates);
    if (!zones) return;
    const ids = await db.ids("domains");
    const seeds = made.map(({ name }) => ({ name, domainId: ids.get(name) ?? null }));
    await insertZones(db, account.id, seeds);
  });
}

function toSite(home: string, at: number): SeededSite {
  const label = `seeded-${String(at).padStart(5, "0")}`;
  const publicHtml = join(home, "public_html");
  const { uid, gid } = statSync(publicHtml);
  const root = join(publicHtml, `${label}.example.org`);
  mkdirSync(root);
  chownSync(root, uid, gid);
  chmodSync(root, 0o750);
  return { name: `${label}.example.org`, backwards: `org.example.${label}`, root };
}

/** One pair serves all, because making so many keys would take a minute. Each row holds the key sealed for its domain. */
async function certificateRows(panel: string, accountId: number, sites: readonly SeededSite[]): Promise<SeedRow[]> {
  const vault = createVault(createSealer(readKey(panel)), "certificates");
  const { certificate, expiresAt, fingerprint, issuedAt, key } = await createSelfSigned(["*.example.org"], Date.now());
  return sites.map(({ name }) => ({
    account_id: accountId,
    domain: name,
    kind: "self-signed",
    names: JSON.stringify([name]),
    certificate,
    key: sealKey(vault, name, key),
    fingerprint,
    issued_at: issuedAt,
    expires_at: expiresAt,
  }));
}
