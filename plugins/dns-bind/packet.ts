import dnsPacket from "dns-packet";

/** What dns-packet decodes record data to: a name or an address, strings as bytes, or fields by name. */
export type PacketData = string | readonly Buffer[] | Readonly<Record<string, string | number | Buffer>>;

interface DataCodec {
  /** With the two bytes of its length in front. */
  encode(data: PacketData): Buffer;
  /** `at` is where the length stands. */
  decode(message: Uint8Array, at: number): PacketData;
}

interface NameCodec {
  encode(name: string): Buffer;
  readonly decode: ((message: Uint8Array, at: number) => string) & {
    /** Bytes the last call consumed. */
    readonly bytes: number;
  };
}

// Its types leave out the codecs of the parts, which are what UPDATE and TSIG are put together from.
const parts = dnsPacket as unknown as { readonly name: NameCodec; record(type: string): DataCodec };

/** Numbers of the record types that are used here. */
export const typeNumbers = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNSKEY: 48,
  TSIG: 250,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;
export type PacketType = keyof typeof typeNumbers;

/** Wire form of a name, not compressed. With or without a trailing dot. */
export function encodeName(name: string): Buffer {
  return parts.name.encode(name);
}

/** Reads a name, compressed or not. Throws when the message ends inside of it or it points forward. */
export function decodeName(message: Uint8Array, at: number): { name: string; next: number } {
  const name = parts.name.decode(Buffer.from(message.buffer, message.byteOffset, message.length), at);
  return { name: name === "." ? "" : name.toLowerCase(), next: at + parts.name.decode.bytes };
}

/** Wire form of a record's data, names in it not compressed. */
export function encodeData(type: PacketType, data: PacketData): Buffer {
  return parts.record(type).encode(data).subarray(2);
}

/** Reads a record's data; `at` is where its length stands. */
export function decodeData(type: PacketType, message: Uint8Array, at: number): PacketData {
  return parts.record(type).decode(Buffer.from(message.buffer, message.byteOffset, message.length), at);
}
