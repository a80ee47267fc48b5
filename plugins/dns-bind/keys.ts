import type { Vault } from "@patchbay/sdk";
import type { TsigKey } from "./tsig.ts";

/** The secrets shared with named: one for each thing that may be done, so that a secondary cannot change zones. */
export interface Keys {
  /** Control channel. */
  readonly control: TsigKey;
  /** Changes of zones. */
  readonly update: TsigKey;
  /** Zone transfers; the secondaries know it. */
  readonly transfer: TsigKey;
}

export function keysFrom(vault: Vault): Keys {
  const key = (use: string): TsigKey => ({ name: `patchbay-${use}`, secret: vault.derive(`${use} key`) });
  return { control: key("control"), update: key("update"), transfer: key("transfer") };
}

/** A `key` statement. */
export function keyStatement({ name, secret }: TsigKey): string {
  return `key "${name}" { algorithm hmac-sha256; secret "${Buffer.from(secret).toString("base64")}"; };\n`;
}
