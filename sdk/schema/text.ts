import { type Broken, broken, canonicalString } from "./rule.ts";

/** Characters that turn the order of the text around them, so that it reads differently from what it is. */
const bidiControls = /[\u202a-\u202e\u2066-\u2069]/;

function checkLength(text: string, min: number, max: number): Broken | undefined {
  // Code points are at most UTF-16 units, so long input is refused without being spread.
  const length = text.length > max * 2 ? Number.POSITIVE_INFINITY : [...text].length;
  if (length >= min && length <= max) return undefined;
  return broken("length", min === max ? `must have ${max} characters` : `must have ${min} to ${max} characters`);
}

function checkCharacters(text: string, control: RegExp): Broken | undefined {
  if (control.test(text)) return broken("format", "must not have control characters");
  if (bidiControls.test(text)) return broken("format", "must not have characters that change the direction of text");
  return text === text.trim() ? undefined : broken("format", "must not start or end with a blank");
}

/**
 * One line of text for people, `min` to `max` code points. Control characters, direction overrides and blanks at either
 * end are refused rather than removed. Escaping is the business of whoever prints it.
 */
export function text(min: number, max: number) {
  return canonicalString({ minLength: min, maxLength: max }, (value) => {
    return checkLength(value, min, max) ?? checkCharacters(value, /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u) ?? value;
  });
}

/** As `text`, with line feeds and tabs. Windows line ends become line feeds. */
export function multilineText(min: number, max: number) {
  return canonicalString({ minLength: min, maxLength: max, format: "multiline" }, (value) => {
    const lines = value.length > max * 3 ? value : value.replaceAll("\r\n", "\n");
    return checkLength(lines, min, max) ?? checkCharacters(lines, /(?![\n\t])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u) ?? lines;
  });
}
