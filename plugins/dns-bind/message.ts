import { randomInt } from "node:crypto";
import { ProviderError } from "@patchbay/sdk";
import dnsPacket from "dns-packet";
import { decodeName, encodeName, type PacketType, typeNumbers } from "./packet.ts";

/** Classes with a meaning of their own in UPDATE (RFC 2136, 2.4 and 2.5). */
export const classes = { in: 1, none: 254, any: 255 } as const;

/** A record as it stands in a message. */
export interface WireRecord {
  /** Absolute, without a trailing dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  /** Not compressed. */
  readonly data: Uint8Array;
}

/** A record that was read: where its data is. */
export interface ReadRecord extends Omit<WireRecord, "data"> {
  /** Where the record starts. */
  readonly start: number;
  /** Where the length of the data stands. */
  readonly at: number;
  /** Bytes of the data. */
  readonly length: number;
}

/** A message that was read. */
export interface Message {
  readonly bytes: Buffer;
  readonly id: number;
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly answers: readonly ReadRecord[];
  readonly authorities: readonly ReadRecord[];
  readonly additionals: readonly ReadRecord[];
}

const headerLength = 12;
const updateOpcode = 5;

export function newId(): number {
  return randomInt(65_536);
}

export function encodeQuery(name: string, type: PacketType): Buffer {
  const questions = [{ name, type: type as "SOA" }];
  return dnsPacket.encode({ type: "query", id: newId(), flags: 0, questions });
}

/** An UPDATE of a zone. The records are encoded already. */
export function encodeUpdate(zone: string, prerequisites: readonly Buffer[], updates: readonly Buffer[]): Buffer {
  const flags = updateOpcode << 11;
  const head = dnsPacket.encode({ type: "query", id: newId(), flags, questions: [{ name: zone, type: "SOA" }] });
  head.writeUInt16BE(prerequisites.length, 6);
  head.writeUInt16BE(updates.length, 8);
  return Buffer.concat([head, ...prerequisites, ...updates]);
}

// dns-packet knows no class NONE, no TSIG and no record without data, so records are framed here.
export function encodeRecord(record: WireRecord): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(record.type, 0);
  fixed.writeUInt16BE(record.class, 2);
  fixed.writeUInt32BE(record.ttl, 4);
  fixed.writeUInt16BE(record.data.length, 8);
  return Buffer.concat([encodeName(record.name), fixed, record.data]);
}

/** Takes a message apart. Throws ProviderError `unavailable` for one that cannot be read. */
export function readMessage(bytes: Buffer): Message {
  try {
    const flags = bytes.readUInt16BE(2);
    const at = { next: headerLength };
    for (let left = bytes.readUInt16BE(4); left > 0; left -= 1) at.next = decodeName(bytes, at.next).next + 4;
    const section = (countAt: number) =>
      Array.from({ length: bytes.readUInt16BE(countAt) }, () => {
        const record = readRecord(bytes, at.next);
        at.next = record.at + 2 + record.length;
        return record;
      });
    return {
      bytes,
      id: bytes.readUInt16BE(0),
      rcode: flags & 0xf,
      authoritative: (flags & dnsPacket.AUTHORITATIVE_ANSWER) !== 0,
      truncated: (flags & dnsPacket.TRUNCATED_RESPONSE) !== 0,
      answers: section(6),
      authorities: section(8),
      additionals: section(10),
    };
  } catch (cause) {
    throw new ProviderError("unavailable", "the name server answered what cannot be read", { cause });
  }
}

function readRecord(bytes: Buffer, start: number): ReadRecord {
  const { name, next } = decodeName(bytes, start);
  const length = bytes.readUInt16BE(next + 8);
  if (next + 10 + length > bytes.length) throw new RangeError("a record is longer than its message");
  return {
    start,
    name,
    type: bytes.readUInt16BE(next),
    class: bytes.readUInt16BE(next + 2),
    ttl: bytes.readUInt32BE(next + 4),
    at: next + 8,
    length,
  };
}

/** The records of one owner and type. */
export function recordsOf(records: readonly ReadRecord[], name: string, type: PacketType): ReadRecord[] {
  return records.filter((record) => record.name === name && record.type === typeNumbers[type]);
}
