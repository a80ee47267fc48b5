import { type Broken, broken, canonicalString, isBroken } from "./rule.ts";

const maxBytes = 1024;
const maxSegmentBytes = 255;
const maxDecodings = 5;
/** Spellings of a dot and a slash that some decoder somewhere accepts: overlong UTF-8 and `%u`. */
const oddDot = /%(?:c0%ae|e0%80%ae|u002e|u2024|uff0e)/gi;
const oddSlash = /%(?:c0%af|e0%80%af|u002f|u005c|uff0f)/gi;

/** Beginnings that a shell or another system takes for a place of its own: a home, a variable, a drive, a share. */
const leadsElsewhere = /^(?:[~$\\]|[a-z]:[/\\])/i;

function decodeOnce(text: string): string {
  return text
    .replace(oddDot, ".")
    .replace(oddSlash, "/")
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** True when the path climbs, however often it is percent-encoded and whichever slash it uses. */
function climbs(path: string): boolean {
  let text = path;
  for (let round = 0; round <= maxDecodings; round++) {
    // A segment parameter (`..;x`) is dropped by some servers before they resolve the path.
    if (text.split(/[/\\]/).some((segment) => segment.replace(/;.*$/s, "") === ".." || segment.includes("\0")))
      return true;
    const decoded = decodeOnce(text);
    if (decoded === text) return false;
    text = decoded;
  }
  return true;
}

function checkText(text: string): Broken | undefined {
  if (text === "") return broken("length", "must not be empty");
  if (Buffer.byteLength(text) > maxBytes) return broken("length", `must have at most ${maxBytes} bytes`);
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) return broken("format", "must not have control characters");
  if (climbs(text)) return broken("format", "must not lead upwards");
  if (leadsElsewhere.test(text)) return broken("format", "must be a plain path");
  return undefined;
}

/** Canonical form of a path that is relative to the home, or absolute and still to be compared with it. */
function toAccountPath(text: string): string | Broken {
  const wrong = checkText(text);
  if (wrong) return wrong;
  const segments = text.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.some((segment) => Buffer.byteLength(segment) > maxSegmentBytes)) {
    return broken("length", `must have names of at most ${maxSegmentBytes} bytes`);
  }
  if (segments.length === 0) return ".";
  return text.startsWith("/") ? `/${segments.join("/")}` : toRelative(segments);
}

function toRelative(segments: readonly string[]): string | Broken {
  // Dropping an empty first segment may uncover what `checkText` refuses in front.
  if (leadsElsewhere.test(segments.join("/"))) return broken("format", "must be a plain path");
  if (segments[0]?.toLowerCase() === ".ssh") return broken("format", "must not lead into the key directory");
  return segments.join("/");
}

/** The canonical form of a path relative to a home, or the rule it breaks. */
export function toHomePath(text: string): string | Broken {
  const path = toAccountPath(text);
  return isBroken(path) || !path.startsWith("/") ? path : broken("format", "must be relative to the home directory");
}

/** The canonical form of a path in `home`, relative to it. `path` may be relative to the home or absolute inside it. */
export function toPathIn(home: string, text: string): string | Broken {
  const path = toAccountPath(text);
  if (isBroken(path) || !path.startsWith("/")) return path;
  if (path === home) return ".";
  // With the slash: /home/john2 is not inside /home/john.
  if (!path.startsWith(`${home}/`)) return broken("format", "must lie inside the home directory");
  return toRelative(path.slice(home.length + 1).split("/"));
}

const facts = { maxLength: maxBytes, minLength: 1, examples: ["public_html/index.php"] } as const;

/**
 * A path relative to an account's home: no `..` in any encoding, no control characters, no doubled or trailing slashes;
 * the home itself is `.` (also written `/`). It says nothing about links: whoever opens it does so as the account.
 */
export const homePath = canonicalString({ ...facts, description: "Path relative to the home directory" }, toHomePath);

/**
 * For the input of operations that do not know the home yet: as `homePath`, or absolute. The handler must pass it on to
 * `pathIn(home)` or `documentRoot(home)`.
 */
export const accountPath = canonicalString(
  { ...facts, description: "Path relative to the home directory, or absolute inside it" },
  toAccountPath,
);

/** As `homePath`; an absolute path inside `home` (absolute, canonical) is accepted too and returned relative to it. */
export function pathIn(home: string) {
  return canonicalString({ ...facts, description: "Path in the home directory" }, (text) => toPathIn(home, text));
}
