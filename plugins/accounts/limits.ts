import type { LimitSource, Meter } from "@patchbay/sdk";

/** Meter → the package's column that limits it. */
const columnOfMeter = {
  disk_mb: "disk_mb",
  email: "max_email",
  databases: "max_databases",
  ftp: "max_ftp",
  domains: "max_domains",
  subdomains: "max_subdomains",
} as const;

type Limits = Readonly<Record<(typeof columnOfMeter)[keyof typeof columnOfMeter], number>>;

/** Limits come from the account's package. An account without a package has none. */
export const packageLimits: LimitSource = {
  limit: async (read, accountId, meter) => {
    if (!Object.hasOwn(columnOfMeter, meter)) return null;
    const limits = await read.get<Limits>(
      "SELECT p.disk_mb, p.max_email, p.max_databases, p.max_ftp, p.max_domains, p.max_subdomains " +
        "FROM accounts a JOIN packages p ON p.id = a.package_id WHERE a.id = ?",
      [accountId],
    );
    return limits?.[columnOfMeter[meter as keyof typeof columnOfMeter]] ?? null;
  },
};

/** Space in use as it was measured last, in MiB, begun ones counted. */
export const diskMeter: Meter = {
  id: "disk_mb",
  count: async (read, accountId) => {
    const row = await read.get<{ disk_used_bytes: number }>("SELECT disk_used_bytes FROM accounts WHERE id = ?", [
      accountId,
    ]);
    return toMebibytes(row?.disk_used_bytes ?? 0);
  },
};

/** Bytes → MiB, begun ones counted. */
export function toMebibytes(bytes: number): number {
  return Math.ceil(bytes / 1_048_576);
}
