import type { RecordSetUnit, RecordType } from "@patchbay/dns/contract";
import { classes, encodeRecord } from "./message.ts";
import { encodeData, typeNumbers } from "./packet.ts";
import { toWire } from "./rdata.ts";
import { soaTimes } from "./zone-file.ts";

/** A record set as it should be; `set` null: gone. */
export interface SetChange {
  readonly name: string;
  readonly type: RecordType;
  readonly set: RecordSetUnit | null;
}

/** Name servers a zone answers with now, as wire data. */
export type ApexServers = readonly Buffer[];

/** Bytes of records in one message: 64 KiB less the header, the question and the signature. */
const longestBatch = 64_000;
const nothing = Buffer.alloc(0);

/** Encoded records that must not be torn apart. */
export type Group = readonly Buffer[];

function add({ name, type, ttl }: RecordSetUnit, data: Buffer): Buffer {
  return encodeRecord({ name, type: typeNumbers[type], class: classes.in, ttl, data });
}

function replace({ name, type, set }: SetChange): Group {
  const remove = encodeRecord({ name, type: typeNumbers[type], class: classes.any, ttl: 0, data: nothing });
  return [remove, ...(set?.data.map((text) => add(set, toWire(set.type, text))) ?? [])];
}

/**
 * Records of the update section. Of an owner, what goes stands before what comes, because an alias tolerates nothing beside
 * it. Owners that lose sets are `last`: until the name servers of the zone are changed they may point there.
 */
export function planUpdate(changes: readonly SetChange[]): { first: Group[]; last: Group[] } {
  const losing = new Set(changes.filter(({ set }) => set === null).map(({ name }) => name));
  const ofLosing = changes.filter(({ name }) => losing.has(name));
  const going = ofLosing.filter(({ set }) => set === null);
  const coming = ofLosing.filter(({ set }) => set !== null);
  return {
    first: changes.filter(({ name }) => !losing.has(name)).map(replace),
    last: [...going, ...coming].map(replace),
  };
}

/**
 * The name servers of the zone itself: an UPDATE never takes the last one away (RFC 2136, 7.13), so the new ones come
 * before each of the others goes by itself.
 */
export function planServers(set: RecordSetUnit, current: ApexServers): Group {
  const wanted = set.data.map((text) => toWire("NS", text));
  const gone = current.filter((data) => !wanted.some((other) => other.equals(data)));
  const remove = (data: Buffer) =>
    encodeRecord({ name: set.zone, type: typeNumbers.NS, class: classes.none, ttl: 0, data });
  return [...wanted.map((data) => add(set, data)), ...gone.map(remove)];
}

/** A SOA takes effect when its serial is higher than the one there is. */
export function soaUpdate(zone: string, soa: { primary: string; contact: string; serial: number }): Buffer {
  const { ttl, ...times } = soaTimes;
  const data = encodeData("SOA", { mname: soa.primary, rname: soa.contact, serial: soa.serial, ...times });
  return encodeRecord({ name: zone, type: typeNumbers.SOA, class: classes.in, ttl, data });
}

/** Prerequisites that hold when the changes are there, whatever a query would be answered (RFC 2136, 2.4). */
export function planCheck(changes: readonly SetChange[]): Group[] {
  return changes.map(({ name, type, set }) => {
    const fixed = { name, type: typeNumbers[type], ttl: 0 };
    if (set === null) return [encodeRecord({ ...fixed, class: classes.none, data: nothing })];
    return set.data.map((text) => encodeRecord({ ...fixed, class: classes.in, data: toWire(type, text) }));
  });
}

/** The records of as few messages as the groups fit into. */
export function toMessages(groups: readonly Group[]): Buffer[][] {
  const messages: Buffer[][] = [];
  let room = 0;
  for (const group of groups) {
    const length = lengthOf(group);
    if (length > room || messages.length === 0) {
      messages.push([]);
      room = longestBatch;
    }
    messages.at(-1)?.push(...group);
    room -= length;
  }
  return messages;
}

function lengthOf(group: Group): number {
  return group.reduce((sum, { length }) => sum + length, 0);
}

/** True when a set does not fit into a message. */
export function isTooLarge(set: RecordSetUnit): boolean {
  return lengthOf(replace({ ...set, set })) > longestBatch;
}
