/**
 * The bytes of a TXT or CAA value: quoted strings in presentation format (RFC 1035, 5.1) joined, or plain text as it is,
 * which Cloudflare also accepts and answers.
 */
export function readStrings(text: string): Buffer {
  if (!text.startsWith('"')) return Buffer.from(text, "utf8");
  const strings = text.match(/"(?:[^"\\]|\\\d{3}|\\\D)*"/gs) ?? [];
  return Buffer.concat(strings.map((quoted) => readEscapes(quoted.slice(1, -1))));
}

function readEscapes(text: string): Buffer {
  const parts = text.match(/\\\d{3}|\\\D|[^\\]+/gs) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (!part.startsWith("\\")) return Buffer.from(part, "utf8");
      return /^\\\d{3}$/.test(part) ? Buffer.from([Number(part.slice(1))]) : Buffer.from(part.slice(1), "utf8");
    }),
  );
}
