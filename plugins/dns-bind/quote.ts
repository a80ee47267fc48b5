import { ProviderError } from "@patchbay/sdk";

/**
 * A string in named.conf. Throws ProviderError `unsupported` for quotes and backslashes, which named reads in different ways
 * depending on what follows, and for control characters.
 */
export function quote(text: string): string {
  if (/[\p{Cc}"\\]/u.test(text)) throw new ProviderError("unsupported", "a path or name cannot be written for named");
  return `"${text}"`;
}
