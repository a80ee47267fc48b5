import { invalid } from "@patchbay/sdk";

/** Longest text, in bytes, all strings of a record together. */
const longest = 4096;
/** Longest single string (RFC 1035, 3.3.14). */
const longestString = 255;

const quotedStrings = /^"(?:[^"\\]|\\.)*"(?: +"(?:[^"\\]|\\.)*")*$/su;
const controls = /[\p{Cc}\p{Cs}]/u;

const startsQuoted = (text: string) => text.trimStart().startsWith('"');

/**
 * TXT data in canonical form. `value` is the text itself, or strings in quotes with `\"`, `\\` and `\DDD`, which are joined.
 * Throws INVALID_INPUT.
 */
export function readText(value: string): string {
  if (controls.test(value)) throw invalid("value", "format", "must not have control characters; write them as \\DDD");
  const bytes = startsQuoted(value) ? unquote(value.trim()) : Buffer.from(value, "utf8");
  if (bytes.length === 0) throw invalid("value", "length", "must not be empty");
  if (bytes.length > longest) throw invalid("value", "length", `must have at most ${longest} bytes`);
  return toStrings(bytes);
}

/** The text of canonical TXT data as people write it: plain where that reads the same, otherwise in quotes. */
export function showText(data: string): string {
  const bytes = unquote(data);
  const text = bytes.toString("utf8");
  const isPlain = !controls.test(text) && !startsQuoted(text) && Buffer.from(text, "utf8").equals(bytes);
  return isPlain ? text : data;
}

/** The bytes of one or more strings in quotes, one after the other. */
function unquote(text: string): Buffer {
  if (!quotedStrings.test(text)) throw invalid("value", "format", "must be text, or strings in quotes");
  const parts: Buffer[] = [];
  for (const [string] of text.matchAll(/"(?:[^"\\]|\\.)*"/gsu)) {
    for (const [piece] of string.slice(1, -1).matchAll(/\\\d{3}|\\.|[^\\]+/gsu)) parts.push(toBytes(piece));
  }
  return Buffer.concat(parts);
}

function toBytes(piece: string): Buffer {
  if (!piece.startsWith("\\")) return Buffer.from(piece, "utf8");
  const code = piece.slice(1);
  if (!/^\d/.test(code)) return Buffer.from(code, "utf8");
  if (code.length !== 3 || Number(code) > 255)
    throw invalid("value", "format", "must have escapes from \\000 to \\255");
  return Buffer.from([Number(code)]);
}

function toStrings(bytes: Buffer): string {
  const strings: string[] = [];
  for (let at = 0; at < bytes.length; at += longestString) {
    strings.push(`"${[...bytes.subarray(at, at + longestString)].map(toEscaped).join("")}"`);
  }
  return strings.join(" ");
}

function toEscaped(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  return byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, "0")}` : String.fromCharCode(byte);
}
