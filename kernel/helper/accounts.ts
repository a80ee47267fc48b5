import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, type Stats } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PrivilegedInput } from "@patchbay/sdk/privileged";
import * as v from "valibot";
import { archiveFileName, packHome, pruneArchives, removeParts } from "./archive.ts";
import type { OnStep } from "./crash-points.ts";
import { ensureDirectory, lstatIf, type Owner, readJson, syncDirectory, writeDurable } from "./durable.ts";
import { HelperError } from "./errors.ts";
import { findUser, type Identity } from "./identity.ts";
import type { Layout } from "./layout.ts";
import { ensureOsUser, matchesOsUser, removeOsUser } from "./os-users.ts";
import { pidsOfUid, sendSignal } from "./processes.ts";
import { makeDirectories, runTenant } from "./tenant-worker.ts";

type Account = PrivilegedInput<"account.ensure">;
type Nothing = Record<string, never>;

const record = v.object({
  uid: v.number(),
  suspended: v.boolean(),
  /** Set while the account is being removed: the name its archive has or will have. */
  archive: v.optional(v.string()),
});
type AccountRecord = v.InferOutput<typeof record>;

const shortMs = 20_000;
const longMs = 900_000;

interface AccountsParts {
  readonly layout: Layout;
  readonly identity: Identity;
  readonly kind: "sandbox" | "system";
  readonly tenantEntry: string;
  readonly step: OnStep;
  readonly now: () => number;
}

/** What every home has. The web user reads through the group. */
const skeleton = [
  ["public_html", "0750"],
  ["logs", "0750"],
  ["tmp", "0700"],
] as const;

/** Accounts and their homes. Every call can be repeated, also after a crash in the middle of one. */
export class Accounts {
  readonly #parts: AccountsParts;

  constructor(parts: AccountsParts) {
    this.#parts = parts;
  }

  async ensure(account: Account): Promise<Nothing> {
    const { identity, kind, step } = this.#parts;
    this.#check(account);
    if (kind === "system" && identity.multiUser) await ensureOsUser(account);
    this.#makeHome(account);
    step("account.ensure:after-home");
    for (const [path, mode] of skeleton) {
      await makeDirectories(this.#place(account, "web"), path, { mode, timeoutMs: shortMs });
    }
    this.#saveRecord(account, { uid: account.uid, suspended: account.suspended });
    return {};
  }

  async matches(account: Account): Promise<{ matches: boolean }> {
    const { identity, kind } = this.#parts;
    this.#check(account);
    const home = lstatIf(account.home);
    const saved = this.#record(account);
    const good = home !== undefined && this.#isHome(home, account) && saved?.uid === account.uid;
    const user = kind === "sandbox" || !identity.multiUser || matchesOsUser(account);
    return { matches: good && user && saved.suspended === account.suspended && saved.archive === undefined };
  }

  async remove(account: Account): Promise<Nothing> {
    const { identity, kind, layout, step } = this.#parts;
    this.#check(account);
    await this.#killProcesses(account);
    const home = lstatIf(account.home);
    if (home !== undefined) {
      this.#assertOwned(home, account);
      await this.#archive(account);
      await this.#deleteHome(account);
    }
    step("account.remove:after-home");
    if (kind === "system" && identity.multiUser) await removeOsUser(account);
    rmSync(this.#recordFile(account), { force: true });
    removeParts(layout.archive, account.username);
    return {};
  }

  async makeDirectory({ account, path }: PrivilegedInput<"account.make-directory">): Promise<Nothing> {
    this.#check(account);
    this.#assertHome(account);
    await makeDirectories(this.#place(account, "web"), path, { mode: "0750", timeoutMs: shortMs });
    return {};
  }

  async usage(account: Account): Promise<{ bytes: number; inodes: number }> {
    this.#check(account);
    this.#assertHome(account);
    const { bytes, inodes } = await this.#work(account, { kind: "usage" }, { group: "own", timeoutMs: longMs });
    return { bytes, inodes };
  }

  async prune({ days }: PrivilegedInput<"archive.prune">): Promise<{ removed: number }> {
    return { removed: pruneArchives(this.#parts.layout.archive, days, this.#parts.now()) };
  }

  #check(account: Account): void {
    const { layout, identity } = this.#parts;
    const { firstUid, count } = identity.accounts;
    if (account.home !== join(layout.homes, account.username)) {
      throw new HelperError("terminal", `the home of ${account.username} is not in the homes directory`);
    }
    if (!identity.multiUser || (account.uid >= firstUid && account.uid < firstUid + count)) return;
    throw new HelperError("terminal", `the uid of ${account.username} is not one of the panel's`);
  }

  #makeHome(account: Account): void {
    const { identity } = this.#parts;
    const home = lstatIf(account.home);
    if (home === undefined) mkdirSync(account.home, { mode: 0o700 });
    else this.#assertOwned(home, account);
    const owner = { uid: account.uid, gid: identity.web.gid };
    ensureDirectory(account.home, 0o710, identity.multiUser ? owner : undefined);
    syncDirectory(join(account.home, ".."));
  }

  // A home that root made and could not hand over any more before a crash is empty and still root's.
  #assertOwned(home: Stats, account: Account): void {
    if (home.isDirectory() && home.uid === this.#uidOf(account)) return;
    if (home.isDirectory() && home.uid === process.getuid?.() && readdirSync(account.home).length === 0) return;
    throw new HelperError("conflict", `the home of ${account.username} belongs to somebody else`);
  }

  #assertHome(account: Account): void {
    const home = lstatIf(account.home);
    if (home === undefined) throw new HelperError("conflict", `the home of ${account.username} is missing`);
    this.#assertOwned(home, account);
  }

  #isHome(home: Stats, account: Account): boolean {
    const { identity } = this.#parts;
    const mine = home.isDirectory() && home.uid === this.#uidOf(account) && (home.mode & 0o7777) === 0o710;
    return mine && (!identity.multiUser || home.gid === identity.web.gid);
  }

  async #archive(account: Account): Promise<void> {
    const { layout, now, step } = this.#parts;
    const name = this.#record(account)?.archive ?? archiveFileName(layout.archive, account.username, now());
    this.#saveRecord(account, { uid: account.uid, suspended: account.suspended, archive: name });
    step("account.remove:after-mark");
    const target = join(layout.archive, name);
    // Once it is there the home may be half deleted: packing again would lose the rest.
    if (lstatIf(target) !== undefined) return;
    await packHome(this.#place(account, "own"), target, () => step("account.remove:after-tar"));
    syncDirectory(layout.archive);
    step("account.remove:after-archive");
  }

  async #deleteHome(account: Account): Promise<void> {
    const { layout, step, now } = this.#parts;
    const { left } = await this.#work(account, { kind: "purge" }, { group: "own", timeoutMs: longMs });
    step("account.remove:after-purge");
    if (left === 0) {
      rmdirSync(account.home);
      syncDirectory(layout.homes);
      return;
    }
    // Somebody else's files are in it: they are set aside untouched for a person to look at.
    const aside = join(layout.archive, "not-deleted");
    ensureDirectory(aside, 0o700, undefined);
    renameSync(account.home, join(aside, `${account.username}-${now()}`));
  }

  async #killProcesses(account: Account): Promise<void> {
    if (!this.#parts.identity.multiUser) return;
    for (let round = 0; round < 100; round += 1) {
      const pids = pidsOfUid(account.uid);
      if (pids.length === 0) return;
      for (const pid of pids) sendSignal(pid, "SIGKILL");
      await sleep(20);
    }
    throw new HelperError("unavailable", `processes of ${account.username} cannot be ended`);
  }

  #work(account: Account, job: Parameters<typeof runTenant>[2], how: { group: "web" | "own"; timeoutMs: number }) {
    return runTenant(this.#parts.tenantEntry, this.#place(account, how.group), job, how.timeoutMs);
  }

  #place(account: Account, group: "web" | "own"): { home: string; as: Owner | undefined } {
    const { identity } = this.#parts;
    const own = this.#parts.kind === "system" ? findUser(account.username)?.gid : undefined;
    const gid = group === "web" ? identity.web.gid : (own ?? account.uid);
    return { home: account.home, as: identity.multiUser ? { uid: account.uid, gid } : undefined };
  }

  #uidOf(account: Account): number {
    return this.#parts.identity.multiUser ? account.uid : (process.getuid?.() ?? account.uid);
  }

  #record(account: Account): AccountRecord | undefined {
    const parsed = v.safeParse(record, readJson(this.#recordFile(account)));
    return parsed.success ? parsed.output : undefined;
  }

  #saveRecord(account: Account, value: AccountRecord): void {
    writeDurable(this.#recordFile(account), JSON.stringify(value));
  }

  #recordFile(account: Account): string {
    return join(this.#parts.layout.helper, "accounts", `${account.username}.json`);
  }
}
