import { createHash } from "node:crypto";
import type { ZoneReport, ZoneUnit } from "@patchbay/dns/contract";
import { ProviderError } from "@patchbay/sdk";
import type { Exchange } from "./exchange.ts";
import { recordsOf } from "./message.ts";
import { encodeName } from "./packet.ts";
import { readSoa } from "./updater.ts";

const zoneKey = 0x0100;
const secureEntryPoint = 0x0001;
const revoked = 0x0080;
const sha256 = 2;

/** What named answers for a zone. Throws ProviderError `conflict` when it does not serve it. */
export async function reportZone(exchange: Exchange, unit: ZoneUnit, signal: AbortSignal): Promise<ZoneReport> {
  const { zone } = unit;
  const soa = readSoa(zone, await exchange.query(zone, "SOA", signal));
  if (soa === undefined) throw new ProviderError("conflict", `named does not serve ${zone}`);
  const ds = unit.dnssec ? await delegationSigners(exchange, zone, signal) : [];
  return { serial: soa.serial, ds, nameServers: [] };
}

async function delegationSigners(exchange: Exchange, zone: string, signal: AbortSignal): Promise<string[]> {
  const { answers, bytes } = await exchange.query(zone, "DNSKEY", signal);
  const keys = recordsOf(answers, zone, "DNSKEY").map(({ at, length }) => bytes.subarray(at + 2, at + 2 + length));
  return keys.flatMap((key) => delegationSigner(zone, key) ?? []).sort();
}

/** The DS record of a key (RFC 4034, 5.1), undefined for one that signs no keys. `key` is the data of its DNSKEY record. */
export function delegationSigner(zone: string, key: Buffer): string | undefined {
  const flags = key.readUInt16BE(0);
  if ((flags & zoneKey) === 0 || (flags & secureEntryPoint) === 0 || (flags & revoked) !== 0) return undefined;
  const digest = createHash("sha256").update(encodeName(zone)).update(key).digest("hex").toUpperCase();
  return `${keyTag(key)} ${key.readUInt8(3)} ${sha256} ${digest}`;
}

/** RFC 4034, appendix B. */
function keyTag(key: Buffer): number {
  const sum = key.reduce((total, byte, at) => total + (at % 2 === 0 ? byte << 8 : byte), 0);
  return (sum + (sum >>> 16)) & 0xffff;
}
