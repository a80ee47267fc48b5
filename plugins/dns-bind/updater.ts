import { type RecordSetUnit, setKey } from "@patchbay/dns/contract";
import { ProviderError } from "@patchbay/sdk";
import { type Exchange, rcodes } from "./exchange.ts";
import { encodeUpdate, type Message, recordsOf } from "./message.ts";
import { decodeData, encodeName } from "./packet.ts";
import type { TsigKey } from "./tsig.ts";
import { type Group, planCheck, planServers, planUpdate, type SetChange, soaUpdate, toMessages } from "./update.ts";
import { soaTimes, standInFor } from "./zone-file.ts";

/** SOA of a zone as it is answered now. */
export interface Soa {
  readonly primary: string;
  readonly contact: string;
  readonly serial: number;
}

/** Changes zones by RFC 2136 UPDATE. Every call may throw ProviderError. */
export interface Updater {
  /** Undefined when named does not serve the zone. */
  soa(zone: string, signal: AbortSignal): Promise<Soa | undefined>;
  /** Sends groups of records for the update section. `conflict`: named has no such zone. `invalid`: it refuses them. */
  send(zone: string, groups: readonly Group[], signal: AbortSignal): Promise<void>;
  setSoa(zone: string, soa: Soa, signal: AbortSignal): Promise<void>;
  /** Brings sets of a zone to what they should be. Resolves with the reasons for those that could not be. */
  bring(zone: string, changes: readonly SetChange[], signal: AbortSignal): Promise<ReadonlyMap<string, ProviderError>>;
}

export function createUpdater(exchange: Exchange, key: TsigKey): Updater {
  const demand = async (zone: string, message: Buffer, signal: AbortSignal) => {
    const { rcode } = await exchange.signed(message, key, signal);
    if (rcode !== rcodes.ok) throw refused(zone, rcode);
  };
  const soa: Updater["soa"] = async (zone, signal) => readSoa(zone, await exchange.query(zone, "SOA", signal));
  const send: Updater["send"] = async (zone, groups, signal) => {
    for (const records of toMessages(groups)) await demand(zone, encodeUpdate(zone, [], records), signal);
  };
  const check = async (zone: string, changes: readonly SetChange[], signal: AbortSignal) => {
    for (const records of toMessages(planCheck(changes))) await demand(zone, encodeUpdate(zone, records, []), signal);
  };
  const bringTogether = async (zone: string, changes: readonly SetChange[], signal: AbortSignal) => {
    const servers = changes.filter(({ name, type }) => name === zone && type === "NS");
    const others = changes.filter((change) => !servers.includes(change));
    const { first, last } = planUpdate(others);
    const middle = await Promise.all(servers.map(({ set }) => planApex(exchange, { zone, set }, signal)));
    await send(zone, [...first, ...middle, ...last], signal);
    await check(zone, [...others, ...servers.filter(({ set }) => set !== null)], signal);
  };
  return {
    soa,
    send,
    setSoa: (zone, wanted, signal) => send(zone, [[soaUpdate(zone, wanted)]], signal),
    bring: async (zone, changes, signal) => {
      if (changes.length === 0) return new Map();
      const fault = await faultOf(bringTogether(zone, changes, signal));
      if (fault === undefined) return new Map();
      if (fault.kind !== "invalid" || changes.length === 1) return everything(zone, changes, fault);
      return oneByOne(zone, changes, (change) => bringTogether(zone, [change], signal));
    },
  };
}

/** The name servers of the zone as they should be, or the stand-in when there is to be no set of them. */
async function planApex(
  exchange: Exchange,
  { zone, set }: { zone: string; set: RecordSetUnit | null },
  signal: AbortSignal,
): Promise<Group> {
  const message = await exchange.query(zone, "NS", signal);
  const current = recordsOf(message.answers, zone, "NS").map(({ at }) =>
    encodeName(String(decodeData("NS", message.bytes, at)).toLowerCase()),
  );
  if (set !== null) return planServers(set, current);
  const soa = readSoa(zone, await exchange.query(zone, "SOA", signal));
  const server = standInFor(zone, soa?.primary ?? zone);
  const data = [`${server}.`];
  return planServers({ kind: "set", zone, name: zone, type: "NS", ttl: soaTimes.ttl, data }, current);
}

/** Finds out which of them it is. What can be removed goes first: others may be waiting for that. */
async function oneByOne(
  zone: string,
  changes: readonly SetChange[],
  bring: (change: SetChange) => Promise<void>,
): Promise<ReadonlyMap<string, ProviderError>> {
  const failures = new Map<string, ProviderError>();
  for (const change of [...changes].sort((a, b) => Number(a.set !== null) - Number(b.set !== null))) {
    const fault = await faultOf(bring(change));
    if (fault !== undefined) failures.set(setKey({ zone, ...change }), fault);
  }
  return failures;
}

function everything(
  zone: string,
  changes: readonly SetChange[],
  fault: ProviderError,
): ReadonlyMap<string, ProviderError> {
  return new Map(changes.map((change) => [setKey({ zone, ...change }), fault]));
}

async function faultOf(work: Promise<void>): Promise<ProviderError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
}

export function readSoa(zone: string, message: Message): Soa | undefined {
  const [record] = recordsOf(message.answers, zone, "SOA");
  if (!message.authoritative || record === undefined) return undefined;
  const data = decodeData("SOA", message.bytes, record.at) as { mname: string; rname: string; serial: number };
  return { primary: data.mname.toLowerCase(), contact: data.rname.toLowerCase(), serial: data.serial };
}

function refused(zone: string, rcode: number): ProviderError {
  const output = `code ${rcode}`;
  if (rcode === rcodes.notAuth) return new ProviderError("conflict", `named does not serve ${zone}`, { output });
  if (rcode === rcodes.servFail) {
    return new ProviderError("unavailable", `named cannot change ${zone} now`, { output });
  }
  if (rcode === rcodes.nxRrset || rcode === rcodes.yxRrset) {
    return new ProviderError("invalid", `named does not take a record beside the others of ${zone}`, { output });
  }
  const rule = "every name server inside the zone needs an address there";
  return new ProviderError("invalid", `named refuses records of ${zone}; ${rule}`, { output });
}
