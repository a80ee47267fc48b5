import { createHash } from "node:crypto";
import type { RecordSetUnit, ZoneUnit } from "@patchbay/dns/contract";
import { typeNumbers } from "./packet.ts";
import { toWire } from "./rdata.ts";

/** Longest text of a new zone's file; what does not fit is added by UPDATE. */
const longestSeed = 512 * 1024;

/** Values of the SOA that nobody chooses. Seconds. */
export const soaTimes = { ttl: 3600, refresh: 3600, retry: 900, expire: 1_209_600, minimum: 300 } as const;

/** Name servers stand in for those that come with the first record set: a zone without any cannot be loaded. */
const standInServer = "name-servers-missing.invalid";

/**
 * Where a zone's files are, relative to the state directory. In one of 256 directories: to find the keys of a zone named
 * reads the whole directory they are in.
 */
export function placeOf(zone: string): { directory: string; file: string } {
  const digest = createHash("sha256").update(zone).digest("hex");
  const stem = zone.length > 200 ? digest : zone;
  const directory = `zones/${digest.slice(0, 2)}`;
  return { directory, file: `${directory}/${stem}.db` };
}

/** All files named may keep for a zone. `keyTags` are those of its keys. */
export function filesOf(zone: string, keyTags: readonly string[]): string[] {
  const { directory, file } = placeOf(zone);
  const keys = keyTags.map((tag) => `${directory}/K${zone}.+013+${tag.padStart(5, "0")}`);
  return [
    ...["", ".jnl", ".jbk", ".signed", ".signed.jnl"].map((ending) => `${file}${ending}`),
    ...keys.flatMap((key) => [`${key}.key`, `${key}.private`, `${key}.state`]),
  ];
}

/** A name server for the time without a set at the apex: the zone's primary, unless named would ask for its address. */
export function standInFor(zone: string, primary: string): string {
  return primary === zone || primary.endsWith(`.${zone}`) ? standInServer : primary;
}

/**
 * The file of a new zone: SOA, name servers, and as many of the sets as fit. Data is written as the bytes it is (RFC 3597),
 * so that no text of a record is ever read by named's parser. `rest`: sets that are left.
 */
export function zoneFile(
  unit: ZoneUnit,
  sets: readonly RecordSetUnit[],
  serial: number,
): { content: string; rest: RecordSetUnit[] } {
  const { ttl, refresh, retry, expire, minimum } = soaTimes;
  const numbers = [serial, refresh, retry, expire, minimum].join(" ");
  const lines = [`@ ${ttl} IN SOA ${unit.primary}. ${unit.contact}. ${numbers}`];
  const own = sets.some(({ name, type }) => type === "NS" && name === unit.zone);
  if (!own) lines.push(`@ ${ttl} IN NS ${standInFor(unit.zone, unit.primary)}.`);
  const rest: RecordSetUnit[] = [];
  let length = 0;
  // The name servers first: they must not be what is left.
  const servers = sets.filter(({ name, type }) => name === unit.zone && ["NS", "A", "AAAA"].includes(type));
  for (const set of new Set([...servers, ...sets])) {
    const text = setLines(set);
    length += text.length;
    if (length > longestSeed) rest.push(set);
    else lines.push(text);
  }
  return { content: `${lines.join("\n")}\n`, rest };
}

function setLines({ name, type, ttl, data }: RecordSetUnit): string {
  const lines = data.map((text) => {
    const bytes = toWire(type, text);
    return `${name}. ${ttl} IN TYPE${typeNumbers[type]} \\# ${bytes.length} ${bytes.toString("hex")}`;
  });
  return lines.join("\n");
}

/** What `addzone` is told of a zone; the rest is the same for all zones and stands in the options. */
export function zoneConfig(zone: string, policy: "default" | "insecure" | undefined): string {
  const { directory, file } = placeOf(zone);
  const place = `type primary; file "${file}"; key-directory "${directory}";`;
  return policy === undefined ? place : `${place} dnssec-policy ${policy};`;
}
