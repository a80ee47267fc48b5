import type { Issue } from "@patchbay/sdk";
import type { SiteUnit } from "@patchbay/web/contract";
import { includeFault } from "./includes.ts";
import { isQuotable, maxTokenBytes, quote } from "./quote.ts";
import { packRecord, separator, toRecord } from "./record.ts";

const hostName = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const socketPath = /^[a-z0-9.-]+\/[a-z0-9.-]+\.sock$/;
const certificatePath = /^(?!.*\.\.)[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** What nginx cannot express of a site, or must not be told; and text that it has no use for. */
export function auditSite(unit: SiteUnit): Issue[] {
  const issues = [...auditRelay(unit), ...auditFields(unit)];
  const refuse = (field: string, message: string) => issues.push({ field, message });
  if (issues.length === 0) {
    const size = Buffer.byteLength(quote(packRecord(toRecord(unit.names[0] as string, unit))));
    if (size > maxTokenBytes) refuse(unit.redirect ? "redirect" : "root", "It is too long.");
    const fault = unit.includes.nginx === undefined ? undefined : includeFault(unit.includes.nginx);
    if (fault !== undefined) refuse("includes", `The custom configuration is refused: ${fault}.`);
  }
  const others = Object.keys(unit.includes).filter((id) => id !== "nginx");
  const lost = others.map((id) => ({
    field: "includes",
    message: `Configuration text for ${id} is not used by nginx.`,
    lost: true,
  }));
  return [...issues, ...lost];
}

/** As `auditSite`, of what nginx needs to pass a site on. */
export function auditRelay({ names, https }: SiteUnit): Issue[] {
  const issues: Issue[] = [];
  if (!names.every((name) => hostName.test(name)))
    issues.push({ field: "names", message: "A name is not a canonical host name." });
  if (!certificatePath.test(https.file))
    issues.push({ field: "https", message: "The certificate's file has no valid name." });
  return issues;
}

function auditFields(unit: SiteUnit): Issue[] {
  const issues: Issue[] = [];
  const refuse = (field: string, message: string) => issues.push({ field, message });
  const { https, php } = unit;
  if (unit.kind === "site" && unit.root === null) refuse("root", "A site needs a document root.");
  if (unit.kind === "redirect" && unit.redirect === null) refuse("redirect", "A redirect needs a target.");
  if (unit.account.home.includes(separator)) refuse("account", "The home directory holds a separator.");
  if (php && !socketPath.test(php.socket)) refuse("php", "The socket has no valid name.");
  if (https.hsts !== null && !(Number.isSafeInteger(https.hsts) && https.hsts >= 0))
    refuse("https", "The time of HSTS is not a whole number of seconds.");
  for (const [field, text] of [
    ["account", unit.account.home],
    ["root", unit.root ?? ""],
    ["redirect", unit.redirect?.to ?? ""],
  ] as const) {
    if (!isQuotable(text)) refuse(field, "Control characters cannot be served.");
  }
  return issues;
}
