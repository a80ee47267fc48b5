import type { Vault } from "@patchbay/sdk";
import type { Sealer } from "../storage/types.ts";

/** The vault of one plugin. Ids hold neither dots nor blanks, so no context of one plugin can be read as another's. */
export function createVault(sealer: Pick<Sealer, "seal" | "open" | "derive">, plugin: string): Vault {
  const own = (context: string) => `plugin.${plugin}.${context}`;
  return {
    seal: (context, text) => sealer.seal(own(context), text),
    open: (context, sealed) => sealer.open(own(context), sealed),
    derive: (label) => sealer.derive(`patchbay plugin ${plugin} ${label}`),
  };
}
