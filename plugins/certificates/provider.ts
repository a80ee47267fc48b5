import { ProviderError, type RenderingProvider, type Vault } from "@patchbay/sdk";
import type { CertificateUnit } from "./contract.ts";
import { filePath } from "./file-path.ts";
import { openKey } from "./sealed-key.ts";

const hostName = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** One PEM file per domain, key first, for servers to read. Runs no daemon and proves nothing: its users' probes do. */
export function createFilesProvider(vault: Vault): RenderingProvider<CertificateUnit> {
  return {
    kind: "render",
    audit: (unit) => {
      if (!hostName.test(unit.domain)) return [{ field: "domain", message: "Not a canonical host name." }];
      // Certificate and key were checked before they were stored, and what was sealed opens unchanged or not at all.
      if (keyOf(vault, unit) !== undefined) return [];
      return [{ field: "key", message: "The key cannot be opened with the key of this instance." }];
    },
    base: () => ({}),
    render: (_key, unit) => {
      const key = keyOf(vault, unit);
      if (key === undefined) throw new ProviderError("unsupported", "key: The key cannot be opened.");
      return { files: [{ path: filePath(unit.domain), content: key + unit.certificate, secret: true }] };
    },
  };
}

function keyOf(vault: Vault, { domain, key }: CertificateUnit): string | undefined {
  try {
    return openKey(vault, domain, key);
  } catch {
    return undefined;
  }
}
