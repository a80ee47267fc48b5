import { toALabel } from "./idn-label.ts";
import { type Broken, broken, canonicalString } from "./rule.ts";

const maxLength = 2048;
/** Control, blank, invisible and unpaired characters, and the backslash that browsers read as a slash. */
const refused = /[\p{Cc}\p{Cf}\p{Cs}\p{Z}\\]/u;

/** True when the parser took the host as it was written, apart from case and `xn--`. */
function isSameHost(written: string, parsed: string): boolean {
  if (written.startsWith("[") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(written)) {
    return written.startsWith("[") || written === parsed;
  }
  const labels = written.split(".").map(toALabel);
  return !labels.includes(undefined) && labels.join(".") === parsed;
}

/** The serialised form of an http(s) URL, or the rule it breaks. */
export function toHttpUrl(text: string): string | Broken {
  if (text.length > maxLength) return broken("length", `must have at most ${maxLength} characters`);
  if (refused.test(text)) return broken("format", "must not have blanks, control characters or backslashes");
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) return broken("format", "must start with http:// or https:// and a host");
  if (authority.includes("@")) return broken("format", "must not have a user name or password");
  if (!URL.canParse(text)) return broken("format", "must be a URL");
  const url = new URL(text);
  if (!isSameHost(authority.replace(/:\d*$/, ""), url.hostname)) return broken("format", "must have a plain host");
  return url.href.length > maxLength ? broken("length", `must have at most ${maxLength} characters`) : url.href;
}

/**
 * An absolute http or https URL, parsed once and returned as the parser serialises it, so that what is checked is what
 * is stored. Says nothing about where the host leads: whoever connects to it must check the address.
 */
export const httpUrl = canonicalString(
  { format: "uri", maxLength, description: "http or https URL", examples: ["https://example.com/"] },
  toHttpUrl,
);
