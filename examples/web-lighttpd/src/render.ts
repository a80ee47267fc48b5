import { createHash } from "node:crypto";
import { type SiteUnit, siteFingerprint } from "@patchbay/kernel/contracts/web";
import type { HostInfo } from "@patchbay/sdk";
import { suspendedPrefix } from "./pages.ts";
import { placesOf } from "./places.ts";
import { list, literally, quote } from "./quote.ts";

export interface SiteFile {
  readonly path: string;
  readonly content: string;
}

const scriptSeconds = 120;

/** The file of a site. What `PB_...` mean is in scripts.ts. */
export function renderSite(info: HostInfo, key: string, unit: SiteUnit): SiteFile {
  const { https, php, redirect, root, state } = unit;
  const suspended = state === "suspended";
  const facts: Record<string, string> = {
    PB_SITE: key,
    PB_ANSWER: `${key} ${siteFingerprint(unit)}`,
    PB_STATE: suspended ? "suspended" : redirect ? "redirect" : https.force ? "forced" : "site",
    ...(redirect === null ? {} : { PB_CODE: String(redirect.code), PB_TARGET: redirect.to }),
    ...(https.hsts === null ? {} : { PB_POLICY: `max-age=${https.hsts}` }),
  };
  return siteFile(info, key, unit, [
    assignFacts(facts),
    ...(suspended ? suspendedLines(placesOf(info).tree) : []),
    ...(root === null ? [] : [`server.document-root = ${quote(root)}`]),
    ...(php === null || suspended ? [] : [scripts(`${info.paths.run}/${php.socket}`)]),
  ]);
}

function siteFile(info: HostInfo, key: string, { https, names }: SiteUnit, lines: readonly string[]): SiteFile {
  const block = [
    // The comment changes with the certificate, and so lighttpd reads it again.
    `ssl.pemfile = ${quote(`${info.paths.etc}/${https.file}`)} # ${https.certificate}`,
    ...lines,
  ];
  return { path: fileOf(key), content: `$HTTP["host"] ${asked(names)} {\n  ${block.join("\n  ")}\n}\n` };
}

/** A comparison, which takes any port, is several times as fast as a pattern. Each is tried for every request. */
function asked(names: readonly string[]): string {
  const [only = ""] = names;
  return names.length === 1
    ? `== ${quote(only)}`
    : `=~ ${quote(`^(?:${names.map(literally).join("|")})(?::[0-9]*)?$`)}`;
}

/** Few neighbours in each directory, and a name that fits: one of 253 characters and an ending would not. */
function fileOf(key: string): string {
  const digest = createHash("sha256").update(key).digest("hex");
  const stem = key.length <= 200 ? key : `${key.slice(0, 160)}-${digest.slice(0, 32)}`;
  return `sites.d/${digest.slice(0, 2)}/${stem}.conf`;
}

function assignFacts(facts: Readonly<Record<string, string>>): string {
  return `setenv.set-environment = ${list(Object.fromEntries(Object.entries(facts).map(([name, text]) => [name, quote(text)])))}`;
}

/** `check-local`: a script is looked for first, below the document root, and what follows its name becomes PATH_INFO. */
function scripts(socket: string): string {
  const pool = {
    socket: quote(socket),
    "check-local": quote("enable"),
    "connect-timeout": "5",
    "read-timeout": String(scriptSeconds),
    "disable-time": "0",
  };
  return `fastcgi.server = ${list({ ".php": `( ${list(pool)} )` })}`;
}

function suspendedLines(tree: string): string[] {
  const headers = list({ "Retry-After": quote("3600"), "Cache-Control": quote("no-store") });
  return [
    `server.errorfile-prefix = ${quote(`${tree}/${suspendedPrefix}`)}`,
    `setenv.add-response-header = ${headers}`,
  ];
}
