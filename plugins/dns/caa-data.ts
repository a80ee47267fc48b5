import { hostName, invalid } from "@patchbay/sdk";
import * as v from "valibot";

const shape = /^(0|[1-9]\d{0,2}) +([A-Za-z0-9]{1,15}) +(.+)$/;
const quoted = /^"((?:[^"\\]|\\["\\])*)"$/;
const bare = /^[^"\\ ]+$/;
const printable = /^[\x20-\x7e]{0,1024}$/;
const parameter = /^[a-z0-9][a-z0-9-]* *= *[\x21-\x3a\x3c-\x7e]*$/i;

const wrong = (words: string) => invalid("value", "format", words);

/** CAA data in canonical form, `0 issue "ca.example"` (RFC 8659). Throws INVALID_INPUT. */
export function readCaa(value: string): string {
  const [, flags = "", name = "", rest = ""] = shape.exec(value) ?? [];
  const tag = name.toLowerCase();
  const text = quoted.exec(rest)?.[1]?.replace(/\\(.)/g, "$1") ?? (bare.test(rest) ? rest : undefined);
  if (tag === "" || text === undefined || !printable.test(text)) throw wrong('must be like 0 issue "ca.example"');
  if (Number(flags) > 255) throw invalid("value", "range", "must have flags from 0 to 255");
  checkProperty(tag, text);
  return `${flags} ${tag} "${text.replace(/["\\]/g, "\\$&")}"`;
}

function checkProperty(tag: string, text: string): void {
  if ((tag === "issue" || tag === "issuewild") && !isIssuer(text)) {
    throw wrong("must name a certificate authority by its domain, or be ; for none");
  }
  if (tag === "iodef" && !(/^(?:mailto:[^@\s]+@|https?:\/\/)/i.test(text) && URL.canParse(text))) {
    throw wrong("must be a mailto:, http:// or https:// address");
  }
}

/** `[domain] [; name=value]…`: without a domain nobody may issue. */
function isIssuer(text: string): boolean {
  const [domain = "", ...parameters] = text.split(";").map((part) => part.trim());
  if (domain !== "" && !v.safeParse(hostName, domain).success) return false;
  const isNone = parameters.length === 1 && parameters[0] === "";
  return isNone || parameters.every((one) => parameter.test(one));
}
