import { isCommonPassword } from "./common-passwords.ts";
import { type Broken, broken, canonicalString, isBroken } from "./rule.ts";

const minBytes = 8;
const maxBytes = 256;
/** The bounds count bytes, those of JSON Schema characters: a form is stricter than the rule only beyond ASCII. */
const facts = {
  format: "password",
  minLength: minBytes,
  maxLength: maxBytes,
  writeOnly: true,
  description: "Password",
} as const;

function toPassword(text: string): string | Broken {
  // UTF-16 units never outnumber UTF-8 bytes: a megabyte is refused without being measured or searched.
  const bytes = text.length > maxBytes ? Number.POSITIVE_INFINITY : Buffer.byteLength(text);
  if (bytes < minBytes || bytes > maxBytes) return broken("length", `must have ${minBytes} to ${maxBytes} bytes`);
  if (/[\0\r\n\p{Cs}]/u.test(text)) return broken("format", "must not have line breaks or null characters");
  return isCommonPassword(text) ? broken("choice", "is too easy to guess") : text;
}

/**
 * True when less than eight bytes are left of the password once the name is taken out of it, in any case of letters.
 */
export function isBuiltFrom(password: string, name: string): boolean {
  if (name === "") return false;
  const rest = password.toLowerCase().split(name.toLowerCase());
  return rest.length > 1 && Buffer.byteLength(rest.join("")) < minBytes;
}

/**
 * A new password: 8 to 256 bytes of UTF-8, kept byte for byte, without the ones that guessing tries first. List the
 * field in the operation's `secrets`. The field of a login must not use it: it would tell apart what no password can
 * be.
 */
export const password = canonicalString(facts, toPassword);

/** As `password`, and not built from one of these names (user name, domain). */
export function passwordFor(names: readonly string[]) {
  return canonicalString(facts, (text) => {
    const result = toPassword(text);
    if (isBroken(result) || !names.some((name) => isBuiltFrom(result, name))) return result;
    return broken("choice", "must not be built from a name");
  });
}
