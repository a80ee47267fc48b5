import { type DnsUnit, parseKey, type RecordSetUnit, type RecordType, type ZoneUnit } from "@patchbay/dns/contract";
import type { UnitDrift } from "@patchbay/sdk";
import { isListed } from "./catalog.ts";
import { type Exchange, transferred } from "./exchange.ts";
import type { Message } from "./message.ts";
import { typeNumbers } from "./packet.ts";
import { fromWire, toWire, typeOf } from "./rdata.ts";
import type { TsigKey } from "./tsig.ts";
import { readSoa, type Soa } from "./updater.ts";

interface FoundRecord {
  readonly ttl: number;
  readonly wire: Buffer;
  readonly text: string;
}

/** A zone as named serves it. */
interface FoundZone {
  readonly soa: Soa | undefined;
  readonly signed: boolean;
  readonly listed: boolean;
  /** By owner and type. */
  readonly sets: ReadonlyMap<string, readonly FoundRecord[]>;
}

const atATime = 4;

/** Units whose zone does not hold what it should. One transfer a zone, whatever is asked of it. */
export async function driftOf(
  { exchange, key }: { exchange: Exchange; key: TsigKey },
  units: ReadonlyMap<string, DnsUnit>,
  signal: AbortSignal,
): Promise<readonly UnitDrift[]> {
  const zones = new Map<string, [string, DnsUnit][]>();
  for (const entry of units) {
    const { zone } = parseKey(entry[0]);
    zones.set(zone, [...(zones.get(zone) ?? []), entry]);
  }
  const left = [...zones];
  const drifts: UnitDrift[] = [];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [zone, entries] = next;
      const messages = await exchange.transfer(zone, key, signal);
      const found = messages && readZone(zone, messages, await isListed(exchange, zone, signal));
      drifts.push(...entries.flatMap(([unitKey, unit]) => compare(unitKey, unit, found)));
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return drifts.sort((a, b) => (a.key < b.key ? -1 : 1));
}

const setName = (name: string, type: RecordType) => `${name} ${type}`;

function readZone(zone: string, messages: readonly Message[], listed: boolean): FoundZone {
  const sets = new Map<string, FoundRecord[]>();
  let signed = false;
  for (const { message, record } of transferred(messages)) {
    const type = typeOf(record.type);
    if (record.type === typeNumbers.DNSKEY) signed = true;
    if (type === undefined) continue;
    const key = setName(record.name, type);
    const found = sets.get(key) ?? [];
    found.push({ ttl: record.ttl, ...fromWire(type, message.bytes, record.at) });
    sets.set(key, found);
  }
  const [first] = messages;
  return { soa: first && readSoa(zone, first), signed, listed, sets };
}

function compare(key: string, unit: DnsUnit, zone: FoundZone | undefined): UnitDrift[] {
  const { wanted, actual } = unit.kind === "zone" ? compareZone(unit, zone) : compareSet(unit, zone);
  return actual === wanted ? [] : [{ key, wanted, actual }];
}

interface Comparison {
  readonly wanted: string;
  readonly actual: string | null;
}

function compareZone(unit: ZoneUnit, zone: FoundZone | undefined): Comparison {
  const lines = (soa: Pick<Soa, "primary" | "contact">, signed: boolean, listed: boolean) =>
    [`primary ${soa.primary}`, `contact ${soa.contact}`, `signed ${signed}`, `listed ${listed}`].join("\n");
  const wanted = lines(unit, unit.dnssec, true);
  if (zone?.soa === undefined) return { wanted, actual: null };
  // Signatures stay for a while after they were switched off.
  return { wanted, actual: lines(zone.soa, unit.dnssec && zone.signed, zone.listed) };
}

function compareSet(unit: RecordSetUnit, zone: FoundZone | undefined): Comparison {
  const { data, name, ttl, type } = unit;
  const texts = new Map(data.map((text) => [toWire(type, text).toString("hex"), text]));
  const line = (seconds: number, text: string) => `${seconds} ${type} ${text}`;
  const wanted = data.map((text) => line(ttl, text)).sort();
  const found = zone?.sets.get(setName(name, type));
  const actual = found?.map((record) => line(record.ttl, texts.get(record.wire.toString("hex")) ?? record.text)).sort();
  return { wanted: wanted.join("\n"), actual: actual?.join("\n") ?? null };
}
