import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type Owner, readJson, writeDurable } from "./durable.ts";

/** Who runs what. */
export interface Identity {
  /** True when the helper is root: accounts, web daemons and the kernel are then different users. */
  readonly multiUser: boolean;
  readonly kernel: Owner;
  readonly web: Owner;
  readonly accounts: { readonly firstUid: number; readonly count: number };
  /** Users of plugins that run in processes of their own. Count 0: they run as the panel's. */
  readonly plugins: { readonly firstUid: number; readonly count: number };
}

const firstBase = 1_000_000;
const perInstance = 10_000;
const instances = 100_000;
const pluginsOffset = 10;
const accountsOffset = 100;
const systemUids = { first: 20_000, accounts: 39_900, plugins: 100 } as const;

/**
 * Uids of a sandbox: a range of its own for each data directory, chosen by its path and then kept in `range.json`, so that
 * instances on one machine cannot touch each other's files.
 */
export function sandboxIdentity(dataDir: string, rangeFile: string): Identity {
  if (process.getuid?.() !== 0) return singleUser();
  const stored = (readJson(rangeFile) as { base?: unknown } | undefined)?.base;
  const base = typeof stored === "number" && isBase(stored) ? stored : baseFor(realpathSync(dataDir));
  if (base !== stored) writeDurable(rangeFile, JSON.stringify({ base }));
  return {
    multiUser: true,
    kernel: { uid: base, gid: base },
    web: { uid: base + 1, gid: base + 1 },
    accounts: { firstUid: base + accountsOffset, count: perInstance - accountsOffset },
    plugins: { firstUid: base + pluginsOffset, count: accountsOffset - pluginsOffset },
  };
}

/** Real users of the machine: `patchbay` for the kernel, Debian's `www-data` for the web. */
export function systemIdentity(): Identity {
  if (process.getuid?.() !== 0) return singleUser();
  return {
    multiUser: true,
    kernel: ownerOf("patchbay"),
    web: ownerOf("www-data"),
    accounts: { firstUid: systemUids.first, count: systemUids.accounts },
    plugins: { firstUid: systemUids.first + systemUids.accounts, count: systemUids.plugins },
  };
}

/** A line of `/etc/passwd`; undefined when there is no such user. */
export function findUser(username: string): { uid: number; gid: number; home: string } | undefined {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((text) => text.startsWith(`${username}:`));
  const [, , uid, gid, , home] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined || home === undefined) return undefined;
  return { uid: Number(uid), gid: Number(gid), home };
}

/** File the range is kept in. */
export function rangeFileOf(helperDir: string): string {
  return join(helperDir, "range.json");
}

function ownerOf(username: string): Owner {
  const user = findUser(username);
  if (user === undefined) throw new Error(`the system user ${username} is missing`);
  return { uid: user.uid, gid: user.gid };
}

function singleUser(): Identity {
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const none = { firstUid: self.uid, count: 0 };
  return { multiUser: false, kernel: self, web: self, accounts: none, plugins: none };
}

function baseFor(path: string): number {
  const hash = createHash("sha256").update(path).digest().readUInt32BE(0);
  return firstBase + (hash % instances) * perInstance;
}

function isBase(value: number): boolean {
  const slot = (value - firstBase) / perInstance;
  return Number.isInteger(slot) && slot >= 0 && slot < instances;
}
