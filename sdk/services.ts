import type { Principal, Role } from "./principal.ts";
import type { Db, Intents, Read } from "./storage.ts";
import { token } from "./token.ts";

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Logger {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Where things are on this host. The same for every provider; a provider does not know which host it runs on. */
export interface HostInfo {
  readonly kind: "sandbox" | "system";
  /** Address the service daemons listen on. */
  readonly address: string;
  readonly ports: Readonly<Record<ServicePort, number>>;
  readonly paths: HostPaths;
  /** True when the helper runs as root, so that accounts are separate users. */
  readonly multiUser: boolean;
  /** Ids under which the web daemons run: home directories are group-readable to them, sockets belong to them. */
  readonly web: { readonly uid: number; readonly gid: number };
  /** Uids that accounts may have: the first, and how many. Count 0: accounts are not users of their own. */
  readonly accounts: { readonly firstUid: number; readonly count: number };
  /** PHP versions that are installed, newest first, `["8.2"]`. */
  readonly phpVersions: readonly string[];
}

export type ServicePort =
  | "http"
  | "https"
  | "dns"
  | "smtp"
  | "submission"
  | "imap"
  | "imaps"
  | "ftp"
  | "mysql"
  | "postgresql";

export interface HostPaths {
  /** A provider's configuration tree: `<etc>/<plugin id>`. */
  readonly etc: string;
  /** Sockets and pid files. */
  readonly run: string;
  readonly log: string;
  /** Working files of daemons. */
  readonly state: string;
  readonly homes: string;
  readonly archive: string;
}

/** An OS account as the accounts slot wants it. */
export interface HostAccount {
  readonly username: string;
  readonly uid: number;
  readonly home: string;
  /** True: no login, no cron, no FTP; files stay. */
  readonly suspended: boolean;
}

/** OS accounts and work inside their homes, through the privileged helper. Work in a home runs as that account. */
export interface HostAccounts {
  /** Creates the user and the home with its skeleton, or mends what is missing. */
  ensure(account: HostAccount): Promise<void>;
  /** Moves the home into the archive (`<archive>/<username>-<time>.tar.gz`) when it exists, then removes the user. */
  remove(account: HostAccount): Promise<void>;
  /** True when user, home and suspension are as `account` says. */
  matches(account: HostAccount): Promise<boolean>;
  /** Creates a directory (and its parents) inside the home, as the account. `path` is relative to the home. */
  makeDirectory(account: HostAccount, path: string): Promise<void>;
  /** Bytes and inodes in use below the home, counted as the account. */
  usage(account: HostAccount): Promise<{ bytes: number; inodes: number }>;
  /** Ends the archives older than this many days. Returns how many went. */
  pruneArchive(days: number): Promise<number>;
}

export type ServiceState = "running" | "stopped" | "failed" | "unknown";

export interface ServiceStatus {
  /** `nginx`, `php-fpm@8.2-0`. */
  readonly name: string;
  readonly plugin: string;
  readonly status: ServiceState;
}

/** The daemons the panel runs. */
export interface Services {
  list(): Promise<readonly ServiceStatus[]>;
  /** Throws NOT_FOUND for a service the panel does not run. */
  act(name: string, action: "start" | "stop" | "restart"): Promise<ServiceStatus>;
}

export interface Passwords {
  /** argon2id in PHC form. Runs outside the main pool; waits for a free place. Throws HASHING_BUSY (503) when the queue is full. */
  hash(password: string): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
}

export interface PanelUser {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly role: Role;
  readonly status: "active" | "disabled";
}

/** Logins of the panel. Writes join the caller's change. */
export interface Users {
  create(
    intents: Intents,
    user: { username: string; email: string; role: Role; passwordHash: string },
  ): Promise<{ id: number }>;
  get(read: Read, id: number): Promise<PanelUser | undefined>;
  list(read: Read, role: Role): Promise<readonly PanelUser[]>;
  update(
    intents: Intents,
    id: number,
    patch: { email?: string; passwordHash?: string; status?: "active" | "disabled" },
  ): Promise<void>;
  delete(intents: Intents, id: number): Promise<void>;
  /** Ends every session and token of a user, at once. Except `keepSession`, when given. */
  revoke(db: Db, id: number, keepSession?: number): Promise<number>;
  /** Opens a session of `id` for `by`, who stays named in it. Returns the cookie value. */
  impersonate(db: Db, id: number, by: Principal): Promise<{ value: string; maxAgeSeconds: number }>;
}

export interface SlotChoice {
  /** Server option, `web_server`. */
  readonly option: string;
  readonly slot: string;
  readonly title: string;
  readonly chosen: string;
  readonly providers: readonly { readonly id: string; readonly title: string; readonly installed: boolean }[];
}

/** The server options: which backend fills which slot, and the settings beside them. */
export interface ServerOptions {
  choices(): Promise<readonly SlotChoice[]>;
  /** A setting declared with `ctx.setting()`. */
  get(key: string): string;
  all(): Readonly<Record<string, string>>;
  /** Validates and writes one option in the caller's change. Throws INVALID_INPUT for an unknown key or value. */
  save(intents: Intents, key: string, value: string): Promise<void>;
}

export interface Usage {
  readonly used: number;
  /** Null: no limit. */
  readonly limit: number | null;
}

export interface Quotas {
  usage(read: Read, accountId: number, meter: string): Promise<Usage>;
}

export interface AuditFilter {
  readonly user?: string;
  readonly action?: string;
  /** Milliseconds, inclusive. */
  readonly from?: number;
  /** Milliseconds, exclusive. */
  readonly to?: number;
  readonly page: number;
  readonly perPage: number;
}

export interface AuditRecord {
  readonly id: number;
  readonly user_id: number | null;
  readonly username: string;
  readonly action: string;
  readonly resource: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly ip_address: string;
  readonly created_at: string;
}

export interface AuditLog {
  query(read: Read, filter: AuditFilter): Promise<{ items: readonly AuditRecord[]; total: number }>;
}

/** Calls an operation as a principal, through the whole pipeline. What dialects and bridges are made of. */
export interface Invoker {
  invoke(operationId: string, input: unknown, principal: Principal): Promise<unknown>;
}

export interface SystemFacts {
  readonly version: string;
  readonly gitCommit: string | null;
  /** `Linux 6.8` */
  readonly os: string;
  /** Base address of the panel of a role, `https://127.0.0.1:8882/`. */
  portal(role: Role): string;
  /** Names of the server itself: no tenant may host them, nor a name above them. */
  readonly reservedHosts: readonly string[];
}

/** How the machine is doing. */
export interface Machine {
  /** Measured now; the processor over the last sampling window. */
  sample(): Promise<{
    readonly cpuPercent: number;
    readonly memory: { readonly totalBytes: number; readonly usedBytes: number };
    readonly disk: { readonly totalBytes: number; readonly usedBytes: number };
    readonly uptimeSeconds: number;
    readonly load: readonly [number, number, number];
  }>;
}

/** Changes made by the panel itself, outside a request (schedules). One transaction; nothing is reconciled. */
export interface Writes {
  write<T>(work: (db: Db, intents: Intents) => Promise<T>): Promise<T>;
}

/** The services every plugin can use. */
export const Services = token<Services>("kernel.services");
export const Clock = token<Clock>("kernel.clock");
export const Logger = token<Logger>("kernel.logger");
export const HostInfo = token<HostInfo>("kernel.host-info");
export const HostAccounts = token<HostAccounts>("kernel.host-accounts");
export const Passwords = token<Passwords>("kernel.passwords");
export const Users = token<Users>("kernel.users");
export const ServerOptions = token<ServerOptions>("kernel.server-options");
export const Quotas = token<Quotas>("kernel.quotas");
export const AuditLog = token<AuditLog>("kernel.audit-log");
export const Invoker = token<Invoker>("kernel.invoker");
export const SystemFacts = token<SystemFacts>("kernel.system-facts");
/** Prepared reads outside a change (schedules, providers). */
export const Reads = token<Read>("kernel.reads");
export const Machine = token<Machine>("kernel.machine");
export const Writes = token<Writes>("kernel.writes");
