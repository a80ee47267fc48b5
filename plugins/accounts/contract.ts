import { type ChangeContext, defineHook, type HostAccount, type Read, token } from "@patchbay/sdk";

/** A row of `accounts`: one hosting account. */
export interface AccountRow {
  readonly id: number;
  readonly uuid: string;
  readonly username: string;
  /** OS user id. Never given to another account. */
  readonly uid: number;
  /** Absolute home directory. */
  readonly home: string;
  /** The main domain. */
  readonly domain: string;
  readonly email: string;
  readonly status: "active" | "suspended";
  readonly suspend_reason: string | null;
  /** Milliseconds since 1970. */
  readonly suspended_at: number | null;
  /** The login of the holder. */
  readonly user_id: number;
  /** The login of the reseller the account belongs to. */
  readonly reseller_id: number | null;
  readonly package_id: number | null;
  readonly php_version: string;
  readonly disk_used_bytes: number;
  readonly disk_inodes: number;
  /** Milliseconds since 1970; null until the first measurement. */
  readonly disk_measured_at: number | null;
  readonly created_at: number;
  readonly updated_at: number;
}

/** A row of `packages`: the limits that accounts are given. */
export interface PackageRow {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly disk_mb: number;
  readonly max_email: number;
  readonly max_databases: number;
  readonly max_ftp: number;
  readonly max_domains: number;
  readonly max_subdomains: number;
  /** PHP processes that one account may run at a time. */
  readonly php_max_children: number;
  /** `memory_limit` of one PHP process. */
  readonly php_memory_mb: number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** The OS account that belongs to a row, as the helper wants it. */
export function hostAccount(row: Pick<AccountRow, "username" | "uid" | "home" | "status">): HostAccount {
  return { username: row.username, uid: row.uid, home: row.home, suspended: row.status === "suspended" };
}

/** Slot id of the OS accounts. Units are keyed by user name; slots that need a home come `after` it. */
export const accountsSlotId = "accounts";

/** Object type of a hosting account, for `access.object`. */
export const accountObject = "account";

/** What a new account starts with. `account` is the row just written; `domain` its main domain. */
export interface AccountProvision {
  readonly account: AccountRow;
  readonly domain: string;
  readonly phpVersion: string;
  readonly change: ChangeContext;
}

export interface AccountChange {
  readonly account: AccountRow;
  readonly change: ChangeContext;
}

/** Runs inside `accounts.create`, after the account and its login were written: write what a new account starts with. */
export const accountProvision = defineHook<"guarded", AccountProvision>("guarded", "accounts.provision");

/** Runs inside `accounts.terminate`, before the account and its login are deleted: delete what it owns. */
export const accountDeprovision = defineHook<"guarded", AccountChange>("guarded", "accounts.deprovision");

/**
 * Runs inside `accounts.suspend` and `accounts.unsuspend`, with the row as it is now, and inside `accounts.update` when
 * another package was chosen: touch the units that depend on it.
 */
export const accountStateChanged = defineHook<"guarded", AccountChange>("guarded", "accounts.state-changed");

/** Payload of the notify hooks. Free of secrets. */
export interface AccountEvent {
  readonly accountId: number;
  readonly username: string;
  readonly email: string;
  readonly domain: string;
  /** Why it was suspended, when that was said. */
  readonly reason?: string;
}

export const accountCreated = defineHook<"notify", AccountEvent>("notify", "accounts.created");
export const accountSuspended = defineHook<"notify", AccountEvent>("notify", "accounts.suspended");
export const accountUnsuspended = defineHook<"notify", AccountEvent>("notify", "accounts.unsuspended");
export const accountTerminated = defineHook<"notify", AccountEvent>("notify", "accounts.terminated");

/** How many things of one kind accounts have. */
export interface CountsPerAccount {
  /** One statement for all `accountIds` (at most 128). An account without any may be missing from the answer. */
  counts(read: Read, accountIds: readonly number[]): Promise<ReadonlyMap<number, number>>;
}

export interface AccountDomains extends CountsPerAccount {
  /** All domains of one account in the shape of `domains.list` items, the main domain first. */
  list(read: Read, accountId: number): Promise<readonly unknown[]>;
}

/**
 * Provided by the plugin that owns the domains, with `to.service(DomainsOfAccount, …)`. `accounts.get` shows `list`,
 * `accounts.list` shows `counts`. Without a provider an account has no domains.
 */
export const DomainsOfAccount = token<AccountDomains>("accounts.domains");

/** Provided by the plugin that owns the mailboxes. Without a provider there are none. */
export const MailboxesOfAccount = token<CountsPerAccount>("accounts.mailboxes");

/** Provided by the plugin that owns the databases. Without a provider there are none. */
export const DatabasesOfAccount = token<CountsPerAccount>("accounts.databases");
