import type { Denial } from "@patchbay/sdk";

/** Why a domain is refused; undefined: it is not. `list`: names with commas between them. */
export function refusalOf(domain: string, list: string): Denial | undefined {
  // The input is parsed when a veto is asked: names have their canonical form, in small letters and without the last dot.
  const names = list.split(",").map((name) => name.trim());
  const found = names.find((name) => name !== "" && (domain === name || domain.endsWith(`.${name}`)));
  // The message is for the caller: it names the rule and does not repeat what was sent.
  return found === undefined ? undefined : { code: "DOMAIN_ON_LIST", message: "This domain may not be added here." };
}
