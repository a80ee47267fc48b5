import { existsSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const isRoot = process.getuid?.() === 0;

/** The ids of the web daemons in tests: nobody's, when we may choose. */
export const web = isRoot
  ? { uid: 29_990, gid: 29_990 }
  : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** Users of their own, when we may choose. */
export const tenants = { john: 29_991, jane: 29_992 } as const;

export type Tenant = keyof typeof tenants;

/** The homes of two tenants, which the web daemons may read and nobody else. */
export interface Homes {
  of(tenant: Tenant): string;
  /** Writes a file into a home. */
  put(tenant: Tenant, path: string, text: string): void;
  /** Makes a link in a home. */
  link(tenant: Tenant, path: string, target: string): void;
}

export function createHomes(directory: string): Homes {
  const of = (tenant: Tenant) => join(directory, tenant);
  mkdirSync(directory, { recursive: true });
  for (const tenant of Object.keys(tenants) as Tenant[]) makeDirectories(of(tenant), "public_html", tenants[tenant]);
  return {
    of,
    put: (tenant, path, text) => {
      makeDirectories(of(tenant), dirname(path), tenants[tenant]);
      writeFileSync(join(of(tenant), path), text);
      give(join(of(tenant), path), tenants[tenant]);
    },
    link: (tenant, path, target) => {
      makeDirectories(of(tenant), dirname(path), tenants[tenant]);
      symlinkSync(target, join(of(tenant), path));
      give(join(of(tenant), path), tenants[tenant]);
    },
  };
}

/** Hands a file or directory to a user; the web daemons are its group. */
export function give(path: string, uid: number): void {
  if (isRoot) lchownSync(path, uid, web.gid);
}

function makeDirectories(home: string, path: string, uid: number): void {
  if (existsSync(join(home, path))) return;
  if (path !== ".") makeDirectories(home, dirname(path), uid);
  mkdirSync(join(home, path), { mode: 0o750 });
  give(join(home, path), uid);
}
