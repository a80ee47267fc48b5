import { domainToASCII, domainToUnicode } from "node:url";

const ldhLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const unicodeLabel = /^[\p{L}\p{M}0-9-]+$/u;

/**
 * Scripts that may stand together in one label: each alone, and the CJK combinations with Latin (UTS #39, "highly
 * restrictive"). Everything else is a look-alike waiting to happen. Scripts are those of UTS #31, table 5.
 */
const scriptSets: readonly RegExp[] = [
  ...[
    "Latin Greek Cyrillic Armenian Georgian Hebrew Arabic Thaana Ethiopic Devanagari Bengali Gurmukhi Gujarati Oriya",
    "Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Khmer",
  ].flatMap((line) => line.split(" ").map((script) => [script])),
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
].map((scripts) => {
  const classes = scripts.map((script) => `\\p{Script_Extensions=${script}}`).join("");
  return new RegExp(`^[${classes}\\p{Script=Inherited}0-9-]+$`, "u");
});

function isOneScript(label: string): boolean {
  return scriptSets.some((set) => set.test(label));
}

/**
 * One label of a host name as it is stored: lower-case ASCII, international letters as `xn--`. Undefined when it is not
 * a label (RFC 1123, IDNA by UTS #46), when the mapping would do more than change case, or when it mixes scripts.
 *
 * The mapping of Node deletes soft hyphens, folds full-width letters and decodes `%2e`, so its result counts only when
 * mapping it back gives what was written.
 */
export function toALabel(label: string): string | undefined {
  const lower = label.toLowerCase();
  if (/^[a-z0-9-]*$/i.test(label)) return isAsciiLabel(lower) ? lower : undefined;
  if (!unicodeLabel.test(lower)) return undefined;
  const ascii = domainToASCII(lower);
  const faithful = ascii.startsWith("xn--") && ldhLabel.test(ascii) && domainToUnicode(ascii) === lower;
  return faithful && isOneScript(lower) ? ascii : undefined;
}

function isAsciiLabel(lower: string): boolean {
  if (!ldhLabel.test(lower)) return false;
  if (!lower.startsWith("xn--")) return true;
  const decoded = domainToUnicode(lower);
  return decoded !== lower && unicodeLabel.test(decoded) && domainToASCII(decoded) === lower && isOneScript(decoded);
}
