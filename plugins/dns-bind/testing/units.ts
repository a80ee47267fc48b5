import {
  type DnsUnit,
  type RecordSetUnit,
  type RecordType,
  setKey,
  type ZoneUnit,
  zoneKey,
} from "@patchbay/dns/contract";
import type { UnitChange } from "@patchbay/sdk";

export function zoneUnit(zone: string, patch: Partial<ZoneUnit> = {}): ZoneUnit {
  const names = { primary: "ns1.provider.test", contact: "hostmaster.provider.test" };
  return { kind: "zone", zone, ...names, dnssec: false, ...patch };
}

/** `owner` relative to the zone, or `@`. */
export function setUnit(zone: string, owner: string, type: RecordType, ...data: readonly string[]): RecordSetUnit {
  const name = owner === "@" ? zone : `${owner}.${zone}`;
  return { kind: "set", zone, name, type, ttl: 3600, data: [...data].sort() };
}

export function keyOf(unit: DnsUnit): string {
  return unit.kind === "zone" ? zoneKey(unit.zone) : setKey(unit);
}

export function put(unit: DnsUnit, previous?: DnsUnit): UnitChange<DnsUnit> {
  return { key: keyOf(unit), unit, previous };
}

export function take(previous: DnsUnit): UnitChange<DnsUnit> {
  return { key: keyOf(previous), unit: null, previous };
}

export function unitsOf(...units: readonly DnsUnit[]): ReadonlyMap<string, DnsUnit> {
  return new Map(units.map((unit) => [keyOf(unit), unit]));
}

/** Name servers every zone starts with. */
export function serversOf(zone: string): RecordSetUnit {
  return setUnit(zone, "@", "NS", "ns1.provider.test.", "ns2.provider.test.");
}
