import type { HostInfo, Issue } from "@patchbay/sdk";
import type { SiteUnit } from "@patchbay/web/contract";
import { includeFault } from "./includes.ts";
import { placesOf } from "./places.ts";
import { isQuotable } from "./quote.ts";

/** Id of this provider, under which admins write text for it. */
export const providerId = "apache";

const hostName = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const socketPath = /^(?!.*\.\.)[a-z0-9.-]+\/[a-z0-9.-]+\.sock$/;
const certificatePath = /^(?!.*\.\.)[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const digest = /^[0-9a-f]{64}$/;

/** What Apache cannot express of a site, or must not be told; and text that it has no use for. */
export function auditSite(info: HostInfo, unit: SiteUnit): Issue[] {
  const issues = [...auditRelay(unit), ...auditFields(unit), ...auditRoot(info, unit)];
  const text = unit.includes[providerId];
  const fault = text === undefined ? undefined : includeFault(text);
  if (fault !== undefined)
    issues.push({ field: "includes", message: `The custom configuration is refused: ${fault}.` });
  const others = Object.keys(unit.includes).filter((id) => id !== providerId);
  const lost = others.map((id) => ({
    field: "includes",
    message: `Configuration text for ${id} is not used by Apache.`,
    lost: true,
  }));
  return [...issues, ...lost];
}

/** As `auditSite`, of what Apache needs to pass a site on. */
export function auditRelay({ names, https }: SiteUnit): Issue[] {
  const issues: Issue[] = [];
  if (!names.every((name) => hostName.test(name)))
    issues.push({ field: "names", message: "A name is not a canonical host name." });
  if (!certificatePath.test(https.file))
    issues.push({ field: "https", message: "The certificate's file has no valid name." });
  if (!digest.test(https.certificate)) issues.push({ field: "https", message: "The certificate's digest is not one." });
  return issues;
}

function auditFields({ https, kind, php, redirect }: SiteUnit): Issue[] {
  const issues: Issue[] = [];
  const refuse = (field: string, message: string) => issues.push({ field, message });
  if (kind === "redirect" && redirect === null) refuse("redirect", "A redirect needs a target.");
  if (redirect && !/^https?:\/\//.test(redirect.to)) refuse("redirect", "The target is not a web address.");
  if (!isQuotable(redirect?.to ?? "")) refuse("redirect", "Control characters cannot be served.");
  if (php && !socketPath.test(php.socket)) refuse("php", "The socket has no valid name.");
  if (https.hsts !== null && !(Number.isSafeInteger(https.hsts) && https.hsts >= 0))
    refuse("https", "The time of HSTS is not a whole number of seconds.");
  return issues;
}

/** A site's directory is granted to visitors, so it must be one of the account. `.htaccess` is read below the homes alone. */
function auditRoot(info: HostInfo, { account, kind, root }: SiteUnit): Issue[] {
  if (root === null) return kind === "site" ? [{ field: "root", message: "A site needs a document root." }] : [];
  const issues: Issue[] = [];
  const isBelow = (path: string, parent: string) => path.startsWith(`${parent}/`);
  if (!isQuotable(root)) issues.push({ field: "root", message: "Control characters cannot be served." });
  if (/[*?[\\]/.test(root))
    issues.push({ field: "root", message: "Apache would take the document root for a pattern." });
  if (!isBelow(account.home, placesOf(info).homes) || /\/\.{0,2}(?:\/|$)/.test(account.home))
    issues.push({ field: "account", message: "The home directory is not among the homes." });
  if (!isBelow(root, account.home) || /\/\.{0,2}(?:\/|$)/.test(root))
    issues.push({ field: "root", message: "The document root is not inside the home directory." });
  return issues;
}
