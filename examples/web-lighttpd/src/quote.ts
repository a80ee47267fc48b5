/**
 * True when a text can stand between quotes and come out unchanged: no control characters, no half characters, and no
 * backslash at the end, which would take the closing quote for a part of the text.
 */
export function isQuotable(text: string): boolean {
  return !/[\p{Cc}\p{Surrogate}]|\\$/u.test(text);
}

/**
 * One string of lighttpd's configuration whose value is exactly `text`. Between quotes lighttpd knows one escape, that of the
 * quote; a backslash and a dollar sign are themselves. Throws RangeError for what is not quotable.
 */
export function quote(text: string): string {
  if (!isQuotable(text)) throw new RangeError("text cannot be written to a lighttpd configuration");
  return `"${text.replaceAll('"', '\\"')}"`;
}

/** A list as lighttpd writes it: `( "key" => value, ... )`. The values are configuration text, not plain text. */
export function list(entries: Readonly<Record<string, string>>): string {
  return `( ${Object.entries(entries)
    .map(([key, value]) => `${quote(key)} => ${value}`)
    .join(", ")} )`;
}

/** A regular expression that matches exactly `text`. */
export function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
