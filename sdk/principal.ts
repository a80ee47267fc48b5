/** Roles of logins, the mightiest first. */
export const roles = ["admin", "reseller", "user"] as const;
/** What a login may be. */
export type Role = (typeof roles)[number];

/** Who is calling. Made by `authenticate()` and by nothing else, except for `asPlugin`. */
export interface Principal {
  /** Null for a caller without a login (`anonymous`) and for the panel itself (`system`). */
  readonly userId: number | null;
  readonly username: string;
  readonly role: Role | "anonymous" | "system";
  readonly via: "session" | "token" | "none" | "system";
  /** Row of the session or API token in use. */
  readonly credentialId: number | null;
  /** Null: everything the role may do. Otherwise the API token's scopes, `domains:write`. */
  readonly scopes: readonly string[] | null;
  /** The hosting account a `user` logs in for. Null for everybody else. */
  readonly accountId: number | null;
  /** True when that account is suspended: its holder may look and change nothing. */
  readonly suspended: boolean;
  /** Set while an admin or reseller acts as this user; both names are audited. */
  readonly impersonator: { readonly userId: number; readonly username: string } | null;
  readonly ip: string;
  readonly userAgent: string;
}

/**
 * For `Invoker`: the plugin calls in its own name, because nobody asked it to (a schedule, a tap). A plugin in a process of
 * its own may call only what its manifest lists in `grants.invoke`.
 */
export const asPlugin: Principal = Object.freeze({
  userId: null,
  username: "system",
  role: "system",
  via: "system",
  credentialId: null,
  scopes: null,
  accountId: null,
  suspended: false,
  impersonator: null,
  ip: "",
  userAgent: "",
});
