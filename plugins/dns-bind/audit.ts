import type { DnsUnit, RecordSetUnit, ZoneUnit } from "@patchbay/dns/contract";
import { type Issue, ProviderError } from "@patchbay/sdk";
import { isInside, nameProblem, zoneNameProblem } from "./names.ts";
import { toWire } from "./rdata.ts";
import { isTooLarge } from "./update.ts";

const longestTtl = 2 ** 31 - 1;

/** What named cannot serve of a unit: names and data that are no canonical presentation format, and sets without end. */
export function auditUnit(unit: DnsUnit): readonly Issue[] {
  return unit.kind === "zone" ? auditZone(unit) : auditSet(unit);
}

function auditZone({ contact, dnssec, primary, zone }: ZoneUnit): Issue[] {
  return [
    ...issue("zone", zoneNameProblem(zone, dnssec)),
    ...issue("primary", nameProblem(primary)),
    ...issue("contact", nameProblem(contact)),
  ];
}

function auditSet(set: RecordSetUnit): Issue[] {
  const { name, ttl, zone } = set;
  const issues = [
    ...issue("zone", zoneNameProblem(zone, false)),
    ...issue("name", isInside(zone, name) ? nameProblem(name) : "must lie inside the zone"),
    ...issue("ttl", Number.isInteger(ttl) && ttl >= 0 && ttl <= longestTtl ? undefined : "must be a number of seconds"),
    ...issue("data", dataProblem(set)),
  ];
  return issues.length > 0 || !isTooLarge(set) ? issues : issue("data", "must fit into one message of 64 KB");
}

function dataProblem({ data, type }: RecordSetUnit): string | undefined {
  try {
    for (const text of data) toWire(type, text);
    return undefined;
  } catch (error) {
    if (error instanceof ProviderError) return error.message;
    throw error;
  }
}

function issue(field: string, message: string | undefined): Issue[] {
  return message === undefined ? [] : [{ field, message }];
}
