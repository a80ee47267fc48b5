import type { DnsUnit, RecordSetUnit, ZoneReport, ZoneUnit } from "@patchbay/dns/contract";
import { type ExecutingProvider, type Issue, ProviderError, type UnitChange, type UnitDrift } from "@patchbay/sdk";
import type { ApiZone, CloudflareApi } from "./api.ts";
import { isEmpty, planRecords, recordsOf, type SetChange, splitBatch, ttlDiffers } from "./plan.ts";
import { answers, describe } from "./records.ts";

/** Seconds: what Cloudflare takes on every plan. */
const shortestTtl = 60;
const longestTtl = 86_400;
/** Zones that are worked on at a time. */
const concurrency = 4;
/** From this many sets on, all records of a zone are read at once. */
const manySets = 3;

/** Cloudflare for the slot `dns`. It never deletes a zone: a zone there holds more than its records. */
export function createCloudflareProvider(api: CloudflareApi): ExecutingProvider<DnsUnit> {
  return {
    kind: "execute",
    audit: auditUnit,
    execute: (changes, signal) => executeZones(api, groupByZone(changes), signal),
    drifted: async (units, signal) => {
      const found: UnitDrift[] = [];
      const all = [...units].map(([key, unit]) => ({ key, unit, previous: undefined }));
      await eachZone(groupByZone(all), async (zone, ofZone) => {
        found.push(...(await compareZone(api, zone, ofZone, signal)));
      });
      return found;
    },
    report: (_key, unit, signal) => reportZone(api, unit.zone, signal),
  };
}

/** Once Cloudflare cannot be reached, in spite of patience, the zones that are left are not tried: they would wait as long. */
async function executeZones(
  api: CloudflareApi,
  zones: ReadonlyMap<string, Changes>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ProviderError>> {
  const failures = new Map<string, ProviderError>();
  let unreachable: ProviderError | undefined;
  await eachZone(zones, async (zone, changes) => {
    const error = unreachable ?? (await applyZone(api, zone, changes, signal).then(() => undefined, toProviderError));
    if (error?.kind === "unavailable") unreachable = error;
    if (error) for (const { key } of changes) failures.set(key, error);
  });
  return failures;
}

function toProviderError(cause: unknown): ProviderError {
  return cause instanceof ProviderError ? cause : new ProviderError("terminal", "a call failed", { cause });
}

function auditUnit(unit: DnsUnit): Issue[] {
  if (unit.kind === "zone") return [];
  if (isOwnNameServers(unit)) {
    return [{ field: "data", message: "Cloudflare answers with name servers of its own.", lost: true }];
  }
  if (unit.ttl >= shortestTtl && unit.ttl <= longestTtl) return [];
  return [{ field: "ttl", message: `Cloudflare takes ${shortestTtl} to ${longestTtl} seconds.` }];
}

/** NS at the apex is Cloudflare's own. */
function isOwnNameServers(unit: RecordSetUnit): boolean {
  return unit.type === "NS" && unit.name === unit.zone;
}

type Changes = readonly UnitChange<DnsUnit>[];

function groupByZone(changes: Changes): ReadonlyMap<string, UnitChange<DnsUnit>[]> {
  const groups = new Map<string, UnitChange<DnsUnit>[]>();
  for (const change of changes) {
    const zone = (change.unit ?? change.previous)?.zone ?? change.key;
    const group = groups.get(zone);
    if (group) group.push(change);
    else groups.set(zone, [change]);
  }
  return groups;
}

async function eachZone<T>(
  groups: ReadonlyMap<string, T>,
  work: (zone: string, group: T) => Promise<void>,
): Promise<void> {
  const left = [...groups];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(...next);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function applyZone(api: CloudflareApi, name: string, changes: Changes, signal: AbortSignal): Promise<void> {
  const upsert = changes.find(({ unit }) => unit?.kind === "zone")?.unit as ZoneUnit | undefined;
  const sets = changes.flatMap((change) => toSetChange(change) ?? []);
  let zone = await api.findZone(name, signal);
  const isNew = zone === undefined;
  if (zone === undefined) {
    if (upsert === undefined && sets.every(({ wanted }) => wanted === undefined)) return;
    zone = await api.createZone(name, signal);
  }
  if (sets.length > 0) {
    const existing = isNew ? [] : await readRecords(api, zone, sets, signal);
    for (const part of splitBatch(planRecords(sets, existing))) {
      if (!isEmpty(part)) await api.batch(zone.id, part, signal);
    }
  }
  if (upsert) await applyDnssec(api, zone, upsert, signal);
}

function toSetChange({ previous, unit }: UnitChange<DnsUnit>): SetChange | undefined {
  const [wanted, before] = [unit, previous].map((one) =>
    one?.kind === "set" && !isOwnNameServers(one) ? one : undefined,
  );
  return wanted || before ? { wanted, previous: before } : undefined;
}

async function readRecords(api: CloudflareApi, zone: ApiZone, sets: readonly SetChange[], signal: AbortSignal) {
  if (sets.length >= manySets) return api.records(zone.id, undefined, signal);
  const lists = sets.map(({ wanted, previous }) => {
    const { name = "", type = "" } = wanted ?? previous ?? {};
    return api.records(zone.id, { name, type }, signal);
  });
  return (await Promise.all(lists)).flat();
}

async function applyDnssec(api: CloudflareApi, zone: ApiZone, unit: ZoneUnit, signal: AbortSignal): Promise<void> {
  const { status } = await api.dnssec(zone.id, signal);
  const isOn = status === "active" || status === "pending";
  if (isOn !== unit.dnssec) await api.setDnssec(zone.id, unit.dnssec, signal);
}

async function compareZone(
  api: CloudflareApi,
  name: string,
  units: Changes,
  signal: AbortSignal,
): Promise<UnitDrift[]> {
  const zone = await api.findZone(name, signal);
  const records = zone ? await api.records(zone.id, undefined, signal) : [];
  return units.flatMap(({ key, unit }) => {
    if (unit === null) return [];
    if (unit.kind === "zone") return zone ? [] : [{ key, wanted: `zone ${name}`, actual: null }];
    if (isOwnNameServers(unit)) return [];
    const existing = recordsOf(unit, records);
    const isThere = (text: string) =>
      existing.some((record) => answers(record, unit, text) && !ttlDiffers(record, unit.ttl));
    if (unit.data.every(isThere)) return [];
    const actual = existing.length === 0 ? null : existing.map(describe).sort().join("\n");
    return [{ key, wanted: unit.data.map((text) => `${unit.ttl} ${text}`).join("\n"), actual }];
  });
}

/** Cloudflare keeps the serial to itself: it is answered by its name servers, once the zone is delegated to them. */
async function reportZone(
  api: CloudflareApi,
  name: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const zone = await api.findZone(name, signal);
  if (zone === undefined) throw new ProviderError("unavailable", "Cloudflare has no such zone");
  const { ds, status } = await api.dnssec(zone.id, signal);
  const report: ZoneReport = {
    serial: 0,
    ds: status === "disabled" || ds === "" ? [] : [toDs(ds)],
    nameServers: zone.nameServers,
  };
  return { ...report };
}

/** The record without its owner, class and type: `example.com. 3600 IN DS 2371 13 2 1F98…`. */
function toDs(record: string): string {
  return record.replace(/^.*\bDS\s+/, "").trim();
}
