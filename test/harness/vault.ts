import { randomBytes } from "node:crypto";
import type { Vault } from "@patchbay/sdk";
import { createVault } from "../../kernel/plugins/vault.ts";
import { createSealer } from "../../kernel/storage/sealer.ts";

/** The vault a plugin would have in an instance of its own. */
export function testVault(plugin: string): Vault {
  return createVault(createSealer(randomBytes(32)), plugin);
}
