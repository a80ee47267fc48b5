import type { SiteUnit } from "@patchbay/kernel/contracts/web";
import type { Issue } from "@patchbay/sdk";
import { isQuotable } from "./quote.ts";

/** Id of this provider, under which admins write text for it. */
export const providerId = "lighttpd";

const hostName = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const socketPath = /^(?!.*\.\.)[a-z0-9.-]+\/[a-z0-9.-]+\.sock$/;
const certificatePath = /^(?!.*\.\.)[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const digest = /^[0-9a-f]{64}$/;

/** What lighttpd cannot express of a site, or must not be told; and text that it has no use for. */
export function auditSite(unit: SiteUnit): Issue[] {
  const issues = [...auditNames(unit), ...auditFields(unit)];
  // lighttpd cannot confine text to a site: a closing brace ends the site's block, and logs and certificates are named anywhere.
  if (unit.includes[providerId] !== undefined)
    issues.push({ field: "includes", message: "Custom configuration is not possible with lighttpd." });
  const others = Object.keys(unit.includes).filter((id) => id !== providerId);
  const lost = others.map((id) => ({
    field: "includes",
    message: `Configuration text for ${id} is not used by lighttpd.`,
    lost: true,
  }));
  return [...issues, ...lost];
}

function auditNames({ names, https }: SiteUnit): Issue[] {
  const issues: Issue[] = [];
  if (!names.every((name) => hostName.test(name)))
    issues.push({ field: "names", message: "A name is not a canonical host name." });
  if (!certificatePath.test(https.file))
    issues.push({ field: "https", message: "The certificate's file has no valid name." });
  if (!digest.test(https.certificate)) issues.push({ field: "https", message: "The certificate's digest is not one." });
  return issues;
}

function auditFields({ https, kind, php, redirect, root }: SiteUnit): Issue[] {
  const issues: Issue[] = [];
  const refuse = (field: string, message: string) => issues.push({ field, message });
  if (kind === "site" && root === null) refuse("root", "A site needs a document root.");
  if (root !== null && !isQuotable(root)) refuse("root", "Control characters and a last backslash cannot be served.");
  if (kind === "redirect" && redirect === null) refuse("redirect", "A redirect needs a target.");
  if (redirect && !isQuotable(redirect.to))
    refuse("redirect", "Control characters and a last backslash cannot be served.");
  if (php && !socketPath.test(php.socket)) refuse("php", "The socket has no valid name.");
  if (https.hsts !== null && !(Number.isSafeInteger(https.hsts) && https.hsts >= 0))
    refuse("https", "The time of HSTS is not a whole number of seconds.");
  return issues;
}
