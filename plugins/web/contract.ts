import { createHash } from "node:crypto";
import type { AccountRow } from "@patchbay/accounts/contract";
import { type ChangeContext, defineHook, type Read, token } from "@patchbay/sdk";
import * as v from "valibot";

/** Id of the slot of the sites. Backends that serve web sites provide it; units are keyed by the domain name. */
export const webSlotId = "web";

/** Object type of a domain, for `access.object`. */
export const domainObject = "domain";

/** Desired state of one site. Names no backend, except for the text in `includes`. */
export const siteUnit = v.strictObject({
  /** Host names it answers to, canonical. The first is the domain, and the unit's key. */
  names: v.pipe(v.array(v.string()), v.minLength(1)),
  kind: v.picklist(["site", "redirect"]),
  account: v.strictObject({ username: v.string(), home: v.string() }),
  /** `suspended`: every request is answered 503 with a page that says so. */
  state: v.picklist(["active", "suspended"]),
  /** Absolute document root inside the home. Null for a redirect. */
  root: v.nullable(v.string()),
  /** Socket of the PHP pool, relative to the host's run directory. Null: scripts are refused, never shown. */
  php: v.nullable(v.strictObject({ socket: v.string() })),
  /** Every request is answered with exactly this target. Null for a site. */
  redirect: v.nullable(v.strictObject({ to: v.string(), code: v.picklist([301, 302]) })),
  https: v.strictObject({
    /** PEM file with the key, the certificate and its chain, relative to the host's configuration directory. */
    file: v.string(),
    /** SHA-256 of the certificate, hex. Changes when the file's content does. */
    certificate: v.string(),
    /** Requests over HTTP are sent to HTTPS (301), except those of an ACME challenge. */
    force: v.boolean(),
    /** `max-age` in seconds of Strict-Transport-Security in answers over HTTPS. Null: none is sent. */
    hsts: v.nullable(v.number()),
  }),
  /** Configuration text an admin added for one backend, by its id. Other backends ignore it. */
  includes: v.record(v.string(), v.string()),
});

export type SiteUnit = v.InferOutput<typeof siteUnit>;

/** Where every backend answers which site a name reaches: `<key> <siteFingerprint>`, to callers on this host alone. */
export const siteProbePath = "/.well-known/patchbay/site";

/**
 * 32 hex digits that change with anything of a site but its certificate. The same for every backend, so that a relayed site
 * is probed as any other.
 */
export function siteFingerprint(unit: SiteUnit): string {
  const { names, kind, account, state, root, php, redirect, https, includes } = unit;
  const parts = [
    names,
    kind,
    account,
    state,
    root,
    php,
    redirect,
    https.force,
    https.hsts,
    Object.entries(includes).sort(),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

export type DomainType = "main" | "addon" | "subdomain" | "redirect";

/** A row of `domains`. */
export interface DomainRow {
  readonly id: number;
  readonly uuid: string;
  readonly account_id: number;
  readonly name: string;
  readonly type: DomainType;
  /** Absolute; null for a redirect. */
  readonly document_root: string | null;
  /** Null: the account's own version. */
  readonly php_version: string | null;
  readonly redirect_to: string | null;
  readonly redirect_code: number | null;
  /** 1: requests over HTTP are sent to HTTPS. */
  readonly force_https: number;
  /** Seconds; null: no HSTS. */
  readonly hsts: number | null;
  /** Provider id of the web server it is assigned to; null: the chosen one. */
  readonly web_server: string | null;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  readonly updated_at: number;
}

export interface DomainChange {
  readonly account: AccountRow;
  readonly domain: DomainRow;
  /** The change that is under way: what is written through it is part of it. */
  readonly change: ChangeContext;
}

/**
 * A domain is being added: write what a new domain starts with.
 *
 * @when Inside the change that adds a domain, also the main domain of a new account, after its row was written.
 */
export const domainProvision = defineHook<"guarded", DomainChange>("guarded", "domains.provision");

/**
 * A domain is being removed: delete what hangs on it.
 *
 * @when Inside the change that removes a domain, also when its account ends, before its row is deleted.
 */
export const domainDeprovision = defineHook<"guarded", DomainChange>("guarded", "domains.deprovision");

/** A domain, for those who are told of it. */
export interface DomainEvent {
  readonly domainId: number;
  readonly accountId: number;
  /** Canonical, `xn--` for other scripts. */
  readonly domain: string;
  readonly type: DomainType;
}

/**
 * A domain is there and served.
 *
 * @when After `domains.add`, and after `accounts.create` for the main domain.
 */
export const domainAdded = defineHook<"notify", DomainEvent>("notify", "domains.added");

/**
 * A domain is gone. Its files are still in the home of the account.
 *
 * @when After `domains.remove`, and after `accounts.terminate` for each domain of the account.
 */
export const domainRemoved = defineHook<"notify", DomainEvent>("notify", "domains.removed");

export interface DomainUpdated extends DomainEvent {
  /**
   * Names of what differs now: `php_version`, `document_root`, `redirect_to`, `redirect_code`, `force_https`,
   * `hsts_max_age`, `web_server`.
   */
  readonly changed: readonly string[];
}

/**
 * Settings of a site are others now: PHP version, directory, redirect, HTTPS, web server.
 *
 * @when After a `domains.update` that changed something.
 */
export const domainUpdated = defineHook<"notify", DomainUpdated>("notify", "domains.updated");

export interface DomainAssigned extends DomainEvent {
  /** Provider ids; null: the one the server option chooses. */
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * A site is served by another web server.
 *
 * @when After a `domains.update` that changed `web_server`, beside `domains.updated`. Not when the server option changes:
 *   see `backends.switched`.
 */
export const domainAssigned = defineHook<"notify", DomainAssigned>("notify", "domains.assigned");

export interface AliasEvent extends DomainEvent {
  /** The other name, canonical. */
  readonly alias: string;
}

/**
 * A domain is served under another name too.
 *
 * @when After `domains.add-alias`.
 */
export const aliasAdded = defineHook<"notify", AliasEvent>("notify", "domains.alias-added");

/**
 * A domain is not served under another name any more.
 *
 * @when After `domains.remove-alias`. Not for the aliases that go with their domain.
 */
export const aliasRemoved = defineHook<"notify", AliasEvent>("notify", "domains.alias-removed");

export interface IncludeEvent extends DomainEvent {
  /** The web server the text is written for, `nginx`. */
  readonly provider: string;
  /** True: the text was taken away. */
  readonly removed: boolean;
}

/**
 * Configuration text of an admin for one site and one web server is another now. The text itself is not in the payload.
 *
 * @when After a `domains.save-include` that changed something.
 */
export const includeSaved = defineHook<"notify", IncludeEvent>("notify", "domains.include-saved");

/** Who may have which name: the rules of `domains.add`, for plugins that hold names of their own (zones, mail domains). */
export interface DomainNames {
  /** The account that has this name as a domain or as an alias. */
  holder(read: Read, name: string): Promise<number | undefined>;
  /** Throws DOMAIN_EXISTS, DOMAIN_RESERVED or DOMAIN_BELONGS_TO_OTHER (409) unless the account may take the name. */
  assertFree(change: ChangeContext, accountId: number, name: string): Promise<void>;
}

export const DomainNames = token<DomainNames>("web.domain-names");

/** The bodies every backend sends where no file and no script answers. */
export { type AnswerStatus, answerPage, answerStatuses, suspendedPage } from "./answer-pages.ts";

/** How names are kept and searched, for plugins that keep names of their own. */
export { namesAbove, rangeBelow, toBackwards } from "./names.ts";
