/** Longest token nginx reads: its configuration buffer holds 4096 bytes, quotes included. */
export const maxTokenBytes = 4000;

/** Name of the variable whose value is one dollar sign. nginx has no escape for `$` of its own. */
export const dollarVariable = "pb_d";

/** True when a string can stand in a quoted token and come out unchanged: no control characters, no half characters. */
export function isQuotable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return !/[\u0000-\u001f\u007f\p{Surrogate}]/u.test(text);
}

/**
 * One quoted token of an nginx configuration whose value is exactly `text`. Only where the directive expands variables
 * (map values, `return`, `root`): elsewhere a dollar sign cannot be written. Throws RangeError for control characters.
 */
export function quote(text: string): string {
  if (!isQuotable(text)) throw new RangeError("text cannot be written to an nginx configuration");
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("$", `\${${dollarVariable}}`)}"`;
}
