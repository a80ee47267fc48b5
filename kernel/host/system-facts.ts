import { readFileSync } from "node:fs";
import { release, type } from "node:os";
import { join } from "node:path";
import type { Role, SystemFacts } from "@patchbay/sdk";
import type { Instance } from "../instance.ts";

const offsets: Readonly<Record<Role, number>> = { user: 0, reseller: 1, admin: 2 };

/** Names of the server itself. */
export const reservedHosts: readonly string[] = ["localhost"];

/** What the panel says about itself. */
export function createSystemFacts(instance: Instance): SystemFacts {
  const host = instance.bind.includes(":") ? `[${instance.bind}]` : instance.bind;
  return {
    version: instance.version,
    gitCommit: commitOf(instance.root),
    os: `${type()} ${release().split(".").slice(0, 2).join(".")}`,
    portal: (role) => `https://${host}:${instance.port + offsets[role]}/`,
    reservedHosts,
  };
}

/** The commit of the checkout, read from its files; null outside of a checkout. */
function commitOf(root: string): string | null {
  try {
    const head = readFileSync(join(root, ".git", "HEAD"), "utf8").trim();
    const ref = /^ref: (.+)$/.exec(head)?.[1];
    const commit = ref === undefined ? head : readFileSync(join(root, ".git", ref), "utf8").trim();
    return /^[0-9a-f]{40}$/.test(commit) ? commit.slice(0, 7) : null;
  } catch {
    return null;
  }
}
