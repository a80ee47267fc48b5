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
  readonly change: ChangeContext;
}

/** Runs inside the change that adds a domain (also the main domain of a new account), after its row was written. */
export const domainAdded = defineHook<"guarded", DomainChange>("guarded", "domains.added");

/** Runs inside the change that removes a domain (also when its account ends), before its row is deleted. */
export const domainRemoved = defineHook<"guarded", DomainChange>("guarded", "domains.removed");

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
