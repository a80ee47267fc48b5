import { isReservedName } from "./reserved-names.ts";
import { broken, canonicalString } from "./rule.ts";

const shape = /^[a-z][a-z0-9]{1,15}$/;

/**
 * The name of a hosting account, which becomes its system user: a lower-case letter, then 1 to 15 letters and digits.
 * No separators, so that `<user>_<name>` is never ambiguous. Names of the system, its services and the panel are
 * refused; whether the name is free on this server is checked elsewhere.
 */
export const username = canonicalString(
  { pattern: shape.source, minLength: 2, maxLength: 16, description: "Account name", examples: ["john"] },
  (text) => {
    if (!shape.test(text))
      return broken("format", "must be 2 to 16 lower-case letters and digits and start with a letter");
    return isReservedName(text) ? broken("choice", "must not be a reserved name") : text;
  },
);
