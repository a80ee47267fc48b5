import type { ChangeContext } from "./operation.ts";
import type { Principal, Role } from "./principal.ts";
import type { Db, Intents, Read } from "./storage.ts";
import { token } from "./token.ts";

/** The time, which tests may set. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** The panel's log. `fields` hold no secrets and no input. */
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

/** What a daemon may listen on. */
export type ServicePort =
  | "http"
  | "https"
  | "dns"
  /** Control channel of a name server (rndc), loopback only. */
  | "dns-control"
  | "smtp"
  | "submission"
  | "imap"
  | "imaps"
  | "ftp"
  | "mysql"
  | "postgresql";

/** Directories of this host, absolute. */
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

/** Whether a daemon runs. `failed`: it should, and does not. */
export type ServiceState = "running" | "stopped" | "failed" | "unknown";

/** A daemon and its state. */
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

/** Hashes of passwords. */
export interface Passwords {
  /** argon2id in PHC form. Runs outside the main pool; waits for a free place. Throws HASHING_BUSY (503) when the queue is full. */
  hash(password: string): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
}

/** A login of the panel. */
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

/** A server option that chooses a backend. */
export interface SlotChoice {
  /** Server option, `web_server`. */
  readonly option: string;
  readonly slot: string;
  readonly title: string;
  readonly chosen: string;
  /** True: the option may also be `none`. */
  readonly optional: boolean;
  readonly providers: readonly {
    readonly id: string;
    readonly title: string;
    readonly plugin: string;
    readonly installed: boolean;
  }[];
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

/** How much of a limit is used. */
export interface Usage {
  readonly used: number;
  /** Null: no limit. */
  readonly limit: number | null;
}

/** What accounts use of their packages. */
export interface Quotas {
  usage(read: Read, accountId: number, meter: string): Promise<Usage>;
}

/** Which records of the audit log are wanted. */
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

/** One record of the audit log. */
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

/** The tamper-evident log of changes. */
export interface AuditLog {
  query(read: Read, filter: AuditFilter): Promise<{ items: readonly AuditRecord[]; total: number }>;
}

/** Calls an operation as a principal, through the whole pipeline. What dialects and bridges are made of. */
export interface Invoker {
  invoke(operationId: string, input: unknown, principal: Principal): Promise<unknown>;
}

/** What the panel says of itself. */
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
  /** `emit` queues a notify hook in the transaction, as in a change. */
  write<T>(work: (db: Db, intents: Intents, emit: ChangeContext["emit"]) => Promise<T>): Promise<T>;
}

/** What switching a slot to another backend would mean. */
export interface SwitchPreview {
  readonly slot: string;
  readonly from: string;
  readonly to: string;
  /** How many units would move. */
  readonly units: number;
  /** Units the new backend cannot serve: while there are any, the switch is refused unless it is forced. */
  readonly refused: readonly UnitIssue[];
  /** What would be lost although the unit is served. */
  readonly lost: readonly UnitIssue[];
  /** Anything else worth knowing first. */
  readonly warnings: readonly string[];
}

/** Something of one unit that a backend cannot do. */
export interface UnitIssue {
  readonly unit: string;
  readonly field: string;
  readonly message: string;
}

/** Changes which backend serves a slot, on a live server. */
export interface Switching {
  /** Looks at every unit. Throws INVALID_INPUT for an option that chooses no backend or a value that is none. */
  preview(read: Read, option: string, value: string): Promise<SwitchPreview>;
  /**
   * Saves the option in the caller's change. Where units must move it starts the switch as a task instead, which saves the
   * option when everything is served by the new backend; the caller is answered 202. Throws BACKEND_NOT_INSTALLED (409),
   * SWITCH_REFUSED (422, naming the units) unless `force`, SWITCH_RUNNING (409).
   */
  begin(change: ChangeContext, request: { option: string; value: string; force: boolean }): Promise<void>;
}

/** What is known of one backend on this machine. */
export interface BackendState {
  readonly option: string;
  readonly slot: string;
  readonly id: string;
  readonly title: string;
  readonly plugin: string;
  readonly installed: boolean;
  /** Of its first package, as the distribution counts; null while it is not installed. */
  readonly version: string | null;
  /** Its daemon runs. For a backend without a daemon: it is in use. */
  readonly running: boolean;
  /** It is the chosen one. */
  readonly active: boolean;
  /** It is not installed, and the panel can install it. */
  readonly installable: boolean;
}

/** The backends there are, and installing one. */
export interface Backends {
  list(): Promise<readonly BackendState[]>;
  /** Starts a task that installs the backend's packages. Throws INVALID_INPUT, BACKEND_NOT_INSTALLABLE (409). */
  install(change: ChangeContext, option: string, value: string): Promise<void>;
  /** What the provider that serves a unit reports of it. Undefined: it reports nothing, or nobody serves the unit. */
  report(slot: string, key: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** Keeps secrets of one plugin, with keys of its own derived from the instance's key. */
export interface Vault {
  /** Text that only `open` with the same context can read. Different each time. */
  seal(context: string, text: string): string;
  /** Throws when it was sealed for another context, by another plugin, or was changed. */
  open(context: string, sealed: string): string;
  /** 32 bytes that are always the same for this instance, plugin and label. */
  derive(label: string): Uint8Array;
}

/** A plugin's connections to its own daemon, on this host's address and nowhere else. */
export interface Wire {
  /** Sends one datagram and resolves with the answer from there. Rejects with ProviderError `unavailable` after 2 s. */
  datagram(port: ServicePort, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Rejects with ProviderError `unavailable` when nobody answers within 2 s. */
  connect(port: ServicePort, signal: AbortSignal): Promise<WireStream>;
}

/** A connection to the plugin's own daemon. */
export interface WireStream {
  write(bytes: Uint8Array): Promise<void>;
  /** Exactly `length` bytes. Rejects with ProviderError `unavailable` at the end of the stream or after 10 s. */
  read(length: number): Promise<Uint8Array>;
  close(): void;
}

/** Files in the plugin's state directory, which belongs to its daemon. */
export interface StateFiles {
  /** Creates a file, and the directories above it, unless it is there. Relative path as in `RenderedFile`. */
  seed(path: string, content: string): Promise<void>;
  /** Removes files. Succeeds for those that are not there. */
  remove(paths: readonly string[]): Promise<void>;
}

/** What daemons show to those who ask for no name they know: the server's own certificate, self-signed. PEM. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** The plugin's own settings, as declared with `to.pluginSetting()`. */
export interface PluginSettings {
  /** The current value; of a secret, the secret. */
  get(key: string): string;
}

/**
 * The daemons of the panel.
 *
 * @isolation kernel
 */
export const Services = token<Services>("kernel.services");
/** The time. */
export const Clock = token<Clock>("kernel.clock");
/** The panel's log. Each entry names the plugin. */
export const Logger = token<Logger>("kernel.logger");
/** Where things are on this host. */
export const HostInfo = token<HostInfo>("kernel.host-info");
/**
 * OS accounts and their homes.
 *
 * @isolation kernel
 */
export const HostAccounts = token<HostAccounts>("kernel.host-accounts");
/**
 * Hashes passwords.
 *
 * @isolation kernel
 */
export const Passwords = token<Passwords>("kernel.passwords");
/**
 * Logins of the panel.
 *
 * @isolation kernel
 */
export const Users = token<Users>("kernel.users");
/**
 * Server options, and which backend serves which slot.
 *
 * @isolation kernel
 */
export const ServerOptions = token<ServerOptions>("kernel.server-options");
/**
 * What accounts use of their limits.
 *
 * @isolation kernel
 */
export const Quotas = token<Quotas>("kernel.quotas");
/**
 * The audit log, to be read.
 *
 * @isolation kernel
 */
export const AuditLog = token<AuditLog>("kernel.audit-log");
/**
 * Calls operations. In a process of its own: those in `grants.invoke`, on behalf of the principal of the call that is being
 * answered, or in the plugin's own name.
 */
export const Invoker = token<Invoker>("kernel.invoker");
/** What this panel is: version, addresses. */
export const SystemFacts = token<SystemFacts>("kernel.system-facts");
/**
 * Prepared reads outside a change (schedules, providers).
 *
 * @isolation kernel
 */
export const Reads = token<Read>("kernel.reads");
/**
 * The load of this machine.
 *
 * @isolation kernel
 */
export const Machine = token<Machine>("kernel.machine");
/**
 * Changes made by the panel itself.
 *
 * @isolation kernel
 */
export const Writes = token<Writes>("kernel.writes");
/**
 * Changes which backend serves a slot.
 *
 * @isolation kernel
 */
export const Switching = token<Switching>("kernel.switching");
/**
 * What backends there are.
 *
 * @isolation kernel
 */
export const Backends = token<Backends>("kernel.backends");
/** Secrets of the plugin that asks, with keys of its own. */
export const Vault = token<Vault>("kernel.vault");
/**
 * Connections of the plugin that asks to its own daemon.
 *
 * @isolation kernel
 */
export const Wire = token<Wire>("kernel.wire");
/** Files in the state directory of the plugin that asks. */
export const StateFiles = token<StateFiles>("kernel.state-files");
/** Settings of the plugin that asks. */
export const PluginSettings = token<PluginSettings>("kernel.plugin-settings");
/**
 * The server's own certificate, to show to those who ask for no name it knows. In a process of its own: for a plugin that
 * provides a backend.
 */
export const ServerCertificate = token<ServerCertificate>("kernel.server-certificate");
