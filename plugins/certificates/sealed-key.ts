import type { Vault } from "@patchbay/sdk";

/** Bound to the domain: the key of one row cannot be read in the place of another's. */
const contextOf = (domain: string) => `key.${domain}`;

export function sealKey(vault: Vault, domain: string, pem: string): string {
  return vault.seal(contextOf(domain), pem);
}

/** Throws when it was sealed for another domain or another instance, or was changed. */
export function openKey(vault: Vault, domain: string, sealed: string): string {
  return vault.open(contextOf(domain), sealed);
}
