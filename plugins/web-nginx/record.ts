import { createHash } from "node:crypto";
import type { SiteUnit } from "@patchbay/web/contract";

/** What the shared server block needs to know of a host name. */
export interface SiteRecord {
  /** What happens to a request. */
  readonly action: "site" | "suspended" | "r301" | "r302";
  /** Key of the unit. */
  readonly site: string;
  /** Changes whenever anything of the unit changes. */
  readonly hash: string;
  /** Stem of the site's log files. */
  readonly log: string;
  /** Socket below the run directory; empty without PHP. */
  readonly socket: string;
  /** Empty for a redirect. */
  readonly home: string;
  /** Document root, or target of the redirect. The last field, because it may hold the separator. */
  readonly tail: string;
}

export const separator = "|";

export const recordFields = ["action", "site", "hash", "log", "socket", "home", "tail"] as const;

export function toRecord(key: string, unit: SiteUnit): SiteRecord {
  return {
    action: unit.state === "suspended" ? "suspended" : unit.redirect ? `r${unit.redirect.code}` : "site",
    site: key,
    hash: unitHash(unit),
    log: fileStem(key),
    socket: unit.php?.socket ?? "",
    home: unit.redirect ? "" : unit.account.home,
    tail: unit.redirect?.to ?? unit.root ?? "",
  };
}

/** The record as the value of a map line. */
export function packRecord(record: SiteRecord): string {
  return recordFields.map((field) => record[field]).join(separator);
}

/** 32 hex digits over everything that is rendered of a unit. */
export function unitHash(unit: SiteUnit): string {
  const { names, kind, account, state, root, php, redirect, includes } = unit;
  const parts = [names, kind, account.home, state, root, php?.socket, redirect?.to, redirect?.code, includes.nginx];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** First byte of the name's digest, hex: spreads names evenly over 256 files, and stays the same for ever. */
export function bucketOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 2);
}

/** Where a host name's line is. Few neighbours in each directory: a configuration that is tested links to each of them. */
export function mapFileOf(name: string): string {
  const [directory, file] = bucketOf(name);
  return `hosts.d/${directory}/${file}.map`;
}

/** A file name for a site. A name of 253 characters and an ending would not fit into the 255 bytes of a file name. */
export function fileStem(name: string): string {
  if (name.length <= 200) return name;
  return `${name.slice(0, 160)}-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
}
