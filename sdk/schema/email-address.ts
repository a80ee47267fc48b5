import { toDomainName } from "./domain-name.ts";
import { type Broken, broken, canonicalString, isBroken } from "./rule.ts";

const localPart = /^[a-z0-9_](?:[a-z0-9._+-]{0,62}[a-z0-9_+-])?$/i;
const mailboxPart = /^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?$/;

/** Certificate authorities accept these as proof of control (CA/Browser Forum BR 3.2.2.4.4). */
const authorityNames: ReadonlySet<string> = new Set([
  "admin",
  "administrator",
  "webmaster",
  "hostmaster",
  "postmaster",
]);

function toAddress(text: string, shape: RegExp, fold: (local: string) => string): string | Broken {
  if (text.length > 1024) return broken("length", "must have at most 254 characters");
  const at = text.lastIndexOf("@");
  const local = fold(text.slice(0, Math.max(at, 0)));
  if (!shape.test(local) || local.includes("..")) {
    return broken("format", "must be one plain address, local part and domain");
  }
  const domain = toDomainName(text.slice(at + 1));
  if (isBroken(domain)) return broken("format", "must end in a domain name");
  const address = `${local}@${domain}`;
  return address.length > 254 ? broken("length", "must have at most 254 characters") : address;
}

const facts = { format: "email", maxLength: 254 } as const;

/**
 * One address of a person. The local part is kept as written and limited to letters, digits and `. _ + -`: no quoting,
 * no routing, nothing a mail program would run. The domain becomes canonical, as by `domainName`.
 */
export const emailAddress = canonicalString(
  { ...facts, description: "E-mail address", examples: ["john@example.com"] },
  (text) => toAddress(text, localPart, (local) => local),
);

/**
 * An address that is hosted here: as `emailAddress`, in lower case. The five names that prove control of a domain to a
 * certificate authority are refused.
 */
export const mailboxAddress = canonicalString(
  { ...facts, description: "Mailbox address", examples: ["info@example.com"] },
  (text) => {
    const address = toAddress(text, mailboxPart, (local) => local.toLowerCase());
    if (isBroken(address) || !authorityNames.has(address.slice(0, address.indexOf("@")))) return address;
    return broken("choice", "must not have a reserved local part");
  },
);
