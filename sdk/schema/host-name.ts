import { toALabel } from "./idn-label.ts";
import { type Broken, broken, canonicalString } from "./rule.ts";

const maxInputLength = 1024;

/** International letters are accepted and stored as `xn--`, so the format is that of the input. */
export const hostFacts = { format: "idn-hostname", minLength: 3, maxLength: 254 } as const;

/** The canonical form of a fully qualified host name, or the rule it breaks. */
export function toHostName(text: string): string | Broken {
  if (text.length > maxInputLength) return broken("length", "must have at most 253 characters");
  const labels = (text.endsWith(".") ? text.slice(0, -1) : text).split(".").map(toALabel);
  if (labels.includes(undefined)) {
    return broken("format", "must have labels of letters, digits and inner hyphens, each in one script");
  }
  const name = labels.join(".");
  if (name.length > 253) return broken("length", "must have at most 253 characters");
  if (labels.length < 2) return broken("format", "must be a full name with at least one dot");
  if (!/^[a-z][a-z0-9-]*[a-z0-9]$/.test(labels.at(-1) ?? "")) return broken("format", "must not be an IP address");
  return name;
}

/**
 * A fully qualified host name, such as a name server's or a mail server's: lower-case ASCII (`xn--` for international
 * letters), without a trailing dot. No wildcard, underscore, port or IP address.
 */
export const hostName = canonicalString(
  { ...hostFacts, description: "Full host name", examples: ["ns1.example.com"] },
  toHostName,
);
