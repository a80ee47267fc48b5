import { createHash } from "node:crypto";
import { type SidePorts, sideAddress } from "@patchbay/sdk";
import { type SiteUnit, siteFingerprint } from "@patchbay/web/contract";
import { endpoint } from "./places.ts";

/** What the shared server block needs to know of a host name. */
export interface SiteRecord {
  /** What happens to a request. `forced`: a site that is there over HTTPS only. `relay`: another server answers. */
  readonly action: "site" | "forced" | "suspended" | "r301" | "r302" | "relay";
  /** Key of the unit. */
  readonly site: string;
  /** Fingerprint of the unit. Empty for a relay: the other server knows it. */
  readonly hash: string;
  /** Stem of the site's log files. */
  readonly log: string;
  /** Socket below the run directory; empty without PHP. */
  readonly socket: string;
  /** Empty for a redirect and a relay. */
  readonly home: string;
  /** Certificate file below the host's configuration directory. */
  readonly file: string;
  /** Seconds of HSTS; empty: none is sent. */
  readonly hsts: string;
  /** Document root, target of the redirect, or addresses of the relay. The last field, because it may hold the separator. */
  readonly tail: string;
}

export const separator = "|";

export const recordFields = ["action", "site", "hash", "log", "socket", "home", "file", "hsts", "tail"] as const;

/** The record of a site that nginx serves itself. */
export function toRecord(key: string, unit: SiteUnit): SiteRecord {
  return {
    action: actionOf(unit),
    site: key,
    hash: siteFingerprint(unit),
    log: fileStem(key),
    socket: unit.php?.socket ?? "",
    home: unit.redirect ? "" : unit.account.home,
    file: unit.https.file,
    hsts: unit.https.hsts === null ? "" : String(unit.https.hsts),
    tail: unit.redirect?.to ?? unit.root ?? "",
  };
}

/** The record of a site that the server at these ports answers. Whatever else changes of the site, it stays the same. */
export function toRelayRecord(key: string, unit: SiteUnit, to: SidePorts): SiteRecord {
  const { file } = unit.https;
  return {
    action: "relay",
    site: key,
    hash: "",
    log: fileStem(key),
    socket: "",
    home: "",
    file,
    hsts: "",
    tail: (["http", "https"] as const).map((scheme) => `${scheme}://${endpoint(sideAddress, to[scheme])}`).join(" "),
  };
}

function actionOf({ state, redirect, https }: SiteUnit): SiteRecord["action"] {
  if (state === "suspended") return "suspended";
  if (redirect) return `r${redirect.code}`;
  return https.force ? "forced" : "site";
}

/** The record as the value of a map line. */
export function packRecord(record: SiteRecord): string {
  return recordFields.map((field) => record[field]).join(separator);
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
