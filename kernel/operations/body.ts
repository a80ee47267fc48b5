import { type FieldError, PanelError, safeFieldName } from "@patchbay/sdk";

const maxDepth = 20;
const maxKeys = 1000;
const plainNumber = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/;
/** Names that reach the prototype of whatever the object is later copied into. */
const prototypeKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** 400 for a body that is not one plain JSON object. Never quotes the body. */
function invalidBody(message: string, field?: FieldError): PanelError {
  return new PanelError("INVALID_BODY", { status: 400, message, fields: field === undefined ? [] : [field] });
}

/**
 * The object in a JSON request body. Throws INVALID_BODY (400) for anything but one object, for a key that comes twice
 * in an object or reaches a prototype, for more than 20 levels or 1000 keys, and for numbers that JavaScript cannot
 * hold or that are written with an exponent. An empty body is an empty object only with `allowEmpty`.
 */
export function parseJsonBody(text: string, options: { allowEmpty?: boolean } = {}): Record<string, unknown> {
  if (text === "" && options.allowEmpty === true) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the body, so it goes no further.
    throw invalidBody("The body is not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidBody("The body must be a JSON object.");
  }
  scan(text);
  return value as Record<string, unknown>;
}

/** What `JSON.parse` forgets: duplicate keys and how numbers were written. `text` is known to be valid JSON. */
function scan(text: string): void {
  /** Keys seen in each open object; null for an open array. */
  const open: (Set<string> | null)[] = [];
  let keys = 0;
  let at = 0;
  while (at < text.length) {
    const char = text[at] as string;
    if (char === '"') {
      const end = endOfString(text, at);
      const next = skipBlanks(text, end);
      if (text[next] === ":") {
        keys += 1;
        if (keys > maxKeys) throw invalidBody(`The body has more than ${maxKeys} keys.`);
        noteKey(open.at(-1) ?? undefined, text.slice(at, end));
      }
      at = next;
    } else if (char === "{" || char === "[") {
      open.push(char === "{" ? new Set() : null);
      if (open.length > maxDepth) throw invalidBody(`The body is nested more than ${maxDepth} levels deep.`);
      at += 1;
    } else if (char === "-" || (char >= "0" && char <= "9")) {
      at = checkNumber(text, at);
    } else {
      if (char === "}" || char === "]") open.pop();
      at += 1;
    }
  }
}

/** Index behind the closing quote of the string that starts at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text[quote - 1 - backslashes] === "\\") backslashes += 1;
  return backslashes % 2 === 1;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at += 1;
  return at;
}

function noteKey(seen: Set<string> | undefined, quoted: string): void {
  // "a" and "\u0061" are one key.
  const key = quoted.includes("\\") ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  const field = safeFieldName(key);
  if (prototypeKeys.has(key)) {
    throw invalidBody("The body has a key that is not allowed.", { field, code: "unknown", message: "is not allowed" });
  }
  if (seen?.has(key) === true) {
    throw invalidBody("The body has a key twice.", { field, code: "format", message: "must be given once" });
  }
  seen?.add(key);
}

/** Index behind the number that starts at `start`. */
function checkNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && "0123456789+-.eE".includes(text[end] as string)) end += 1;
  const written = text.slice(start, end);
  if (!plainNumber.test(written) || Math.abs(Number(written)) > Number.MAX_SAFE_INTEGER) {
    throw invalidBody("The body has a number that is too large or not written in plain decimals.");
  }
  return end;
}
