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
  /** The change that is under way: what is written through it is part of it. */
  readonly change: ChangeContext;
}

export interface AccountChange {
  readonly account: AccountRow;
  /** The change that is under way: what is written through it is part of it. */
  readonly change: ChangeContext;
}

/**
 * An account is being created: write what a new account starts with.
 *
 * @when Inside `accounts.create`, after the account and its login were written.
 */
export const accountProvision = defineHook<"guarded", AccountProvision>("guarded", "accounts.provision");

/**
 * An account is being terminated: delete what it owns.
 *
 * @when Inside `accounts.terminate`, before the account and its login are deleted.
 */
export const accountDeprovision = defineHook<"guarded", AccountChange>("guarded", "accounts.deprovision");

/**
 * Something of an account is different that its units show: mark those that depend on it.
 *
 * @when Inside `accounts.suspend` and `accounts.unsuspend`, with the row as it is now; inside `accounts.update` when another
 *   package was chosen; inside `packages.update` and `packages.delete` for each account that gets other PHP limits by it.
 */
export const accountStateChanged = defineHook<"guarded", AccountChange>("guarded", "accounts.state-changed");

/** An account, for those who are told of it. */
export interface AccountEvent {
  readonly accountId: number;
  readonly username: string;
  readonly email: string;
  /** The main domain. */
  readonly domain: string;
  /** Why it was suspended, when that was said. */
  readonly reason?: string;
}

/**
 * An account was created: its user, its home and its main domain are there.
 *
 * @when After `accounts.create`.
 */
export const accountCreated = defineHook<"notify", AccountEvent>("notify", "accounts.created");

/**
 * An account was suspended: its sites answer 503, and its holder can change nothing.
 *
 * @when After an `accounts.suspend` of an account that was active.
 */
export const accountSuspended = defineHook<"notify", AccountEvent>("notify", "accounts.suspended");

/**
 * An account is active again.
 *
 * @when After an `accounts.unsuspend` of an account that was suspended.
 */
export const accountUnsuspended = defineHook<"notify", AccountEvent>("notify", "accounts.unsuspended");

/**
 * An account is gone with all it owned; its home is in the archive.
 *
 * @when After `accounts.terminate`.
 */
export const accountTerminated = defineHook<"notify", AccountEvent>("notify", "accounts.terminated");

export interface AccountUpdated extends AccountEvent {
  /** Names of what differs now: `email`, `package_id`. */
  readonly changed: readonly string[];
}

/**
 * An account has another e-mail address or package.
 *
 * @when After an `accounts.update` that changed something.
 */
export const accountUpdated = defineHook<"notify", AccountUpdated>("notify", "accounts.updated");

export interface AccountPackage extends AccountEvent {
  /** Ids of packages; null: none, so no limits. */
  readonly from: number | null;
  readonly to: number | null;
}

/**
 * An account has other limits, because it has another package or none.
 *
 * @when After an `accounts.update` that chose another package, beside `accounts.updated`, and after a `packages.delete` for
 *   each account that had the package. Not when the limits of a package change: see `packages.updated`.
 */
export const accountPackageChanged = defineHook<"notify", AccountPackage>("notify", "accounts.package-changed");

export interface AccountImpersonated extends AccountEvent {
  /** Who acts as the holder of the account. */
  readonly by: string;
}

/**
 * Somebody opened a session as the holder of an account.
 *
 * @when After `accounts.impersonate`. `login.before` and `login.succeeded` are for those who log in themselves.
 */
export const accountImpersonated = defineHook<"notify", AccountImpersonated>("notify", "accounts.impersonated");

/** A package, for those who are told of it. */
export interface PackageEvent {
  readonly packageId: number;
  readonly name: string;
}

/**
 * A package was created.
 *
 * @when After `packages.create`.
 */
export const packageCreated = defineHook<"notify", PackageEvent>("notify", "packages.created");

/**
 * A package has another name or other limits, and so have all accounts that have it.
 *
 * @when After `packages.update`.
 */
export const packageUpdated = defineHook<"notify", PackageEvent>("notify", "packages.updated");

/**
 * A package is gone; its accounts have no limits any more.
 *
 * @when After `packages.delete`.
 */
export const packageDeleted = defineHook<"notify", PackageEvent>("notify", "packages.deleted");

/** A reseller, for those who are told of it. */
export interface ResellerEvent {
  /** The login of the reseller. */
  readonly userId: number;
  readonly username: string;
  readonly email: string;
  /** `disabled`: the reseller cannot log in; accounts and sites stay as they are. */
  readonly status: "active" | "disabled";
}

/**
 * A reseller was created.
 *
 * @when After `resellers.create`.
 */
export const resellerCreated = defineHook<"notify", ResellerEvent>("notify", "resellers.created");

/**
 * A reseller has another e-mail address, password or status.
 *
 * @when After `resellers.update`. A new password is also told by `users.credentials-changed`.
 */
export const resellerUpdated = defineHook<"notify", ResellerEvent>("notify", "resellers.updated");

/**
 * A reseller is gone.
 *
 * @when After `resellers.delete`.
 */
export const resellerDeleted = defineHook<"notify", ResellerEvent>("notify", "resellers.deleted");

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
