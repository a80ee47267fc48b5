/**
 * Name of the variable whose value is one dollar sign. Apache has no escape for `${`, which it replaces in every line by the
 * value of a variable of the server or of its environment.
 */
export const dollarVariable = "PB_D";

const dollar = `\${${dollarVariable}}`;

/** True when a string can stand in a quoted word and come out unchanged: no control characters, no half characters. */
export function isQuotable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return !/[\u0000-\u001f\u007f\p{Surrogate}]/u.test(text);
}

/**
 * One quoted word of an Apache configuration whose value is exactly `text`. Throws RangeError for control characters.
 */
export function quote(text: string): string {
  if (!isQuotable(text)) throw new RangeError("text cannot be written to an Apache configuration");
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("$", dollar)}"`;
}

/**
 * An argument of `Use` for a parameter called `@{…}`. mod_macro quotes those by itself where it inserts them, but the line
 * it makes is read as any other: dollar signs have to be told once more.
 */
export function quoteForMacro(text: string): string {
  return quote(text.replaceAll("$", dollar));
}
