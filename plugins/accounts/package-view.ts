import { notFound, type Read, safeInt } from "@patchbay/sdk";
import * as v from "valibot";
import type { PackageRow } from "./contract.ts";

const limit = safeInt(0, 1_000_000_000);

/** Limits every package has; input and output. */
export const packageLimitFields = {
  /** MiB. */
  disk_mb: limit,
  max_email: limit,
  max_databases: limit,
  max_ftp: limit,
  max_domains: limit,
  max_subdomains: limit,
};

/** Limits that have a default. */
export const packagePhpFields = {
  php_max_children: safeInt(1, 100),
  /** MiB. */
  php_memory_mb: safeInt(32, 8192),
};

export const packageView = v.strictObject({
  id: v.number(),
  name: v.string(),
  disk_mb: v.number(),
  max_email: v.number(),
  max_databases: v.number(),
  max_ftp: v.number(),
  max_domains: v.number(),
  max_subdomains: v.number(),
  php_max_children: v.number(),
  php_memory_mb: v.number(),
  account_count: v.number(),
});

export type PackageView = v.InferOutput<typeof packageView>;

const select =
  "SELECT p.id, p.name, p.disk_mb, p.max_email, p.max_databases, p.max_ftp, p.max_domains, p.max_subdomains, " +
  "p.php_max_children, p.php_memory_mb, COUNT(a.id) AS account_count FROM packages p " +
  "LEFT JOIN accounts a ON a.package_id = p.id AND (? IS NULL OR a.reseller_id = ?)";

/** All packages by name. `resellerId`: count the accounts of this reseller alone. */
export function listPackageViews(read: Read, resellerId: number | null): Promise<PackageView[]> {
  return read.all<PackageView>(`${select} GROUP BY p.id ORDER BY p.name`, [resellerId, resellerId]);
}

/** Throws NOT_FOUND. */
export async function requirePackageView(read: Read, id: number): Promise<PackageView> {
  const view = await read.get<PackageView>(`${select} WHERE p.id = ? GROUP BY p.id`, [null, null, id]);
  if (!view) throw notFound("package");
  return view;
}

/** A package of this name, however its letters are written, other than `exceptId`. */
export function findPackageNamed(read: Read, name: string, exceptId: number): Promise<PackageRow | undefined> {
  return read.get<PackageRow>("SELECT * FROM packages WHERE lower(name) = lower(?) AND id <> ?", [name, exceptId]);
}
