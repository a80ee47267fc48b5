import { hostFacts, toHostName } from "./host-name.ts";
import { isPublicSuffix } from "./public-suffixes.ts";
import { type Broken, broken, canonicalString, isBroken } from "./rule.ts";

/** The canonical form of a domain that a tenant may hold, or the rule it breaks. */
export function toDomainName(text: string): string | Broken {
  const name = toHostName(text);
  if (isBroken(name)) return name;
  return isPublicSuffix(name) ? broken("format", "must not be a public suffix") : name;
}

/**
 * A domain that can be hosted: lower-case ASCII (`xn--` for international letters), without the trailing dot. Refused
 * are wildcards, underscores, IP addresses, single labels, mixed scripts, public suffixes, and whatever the IDNA
 * mapping would have to repair. The reserved test names (RFC 2606) are hostable.
 *
 * @example
 * v.parse(domainName, "BÜCHER.example."); // "xn--bcher-kva.example"
 */
export const domainName = canonicalString(
  { ...hostFacts, description: "Domain name", examples: ["example.com"] },
  toDomainName,
);
