import { createHmac, timingSafeEqual } from "node:crypto";
import { ProviderError } from "@patchbay/sdk";
import { classes, encodeRecord, type Message, type ReadRecord, readMessage } from "./message.ts";
import { decodeName, encodeName, typeNumbers } from "./packet.ts";

/** A shared key of HMAC-SHA256. */
export interface TsigKey {
  readonly name: string;
  readonly secret: Uint8Array;
}

const algorithm = encodeName("hmac-sha256");
const fudgeSeconds = 300;
/** RFC 8945, 5.3.1: at least every hundredth message of a stream is signed. */
const mostUnsigned = 99;

interface Variables {
  /** Seconds since 1970. */
  readonly time: number;
  readonly fudge: number;
  readonly error: number;
  readonly other: Uint8Array;
}

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function timers({ time, fudge }: Variables): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(time, 0, 6);
  bytes.writeUInt16BE(fudge, 6);
  return bytes;
}

function prefixed(bytes: Uint8Array): Uint8Array[] {
  return [number16(bytes.length), bytes];
}

/** RFC 8945, 4.3.3: name, class ANY, TTL 0, algorithm, times, error, other data. */
function variablesOf(key: TsigKey, variables: Variables): Uint8Array[] {
  const classAndTtl = Buffer.from([0, classes.any, 0, 0, 0, 0]);
  const { error, other } = variables;
  return [encodeName(key.name), classAndTtl, algorithm, timers(variables), number16(error), ...prefixed(other)];
}

function macOf(key: TsigKey, parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac("sha256", key.secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** Adds the signature. `mac` is what the answer is bound to. `now` in milliseconds. */
export function sign(message: Buffer, key: TsigKey, now: number): { bytes: Buffer; mac: Buffer } {
  const variables: Variables = { time: Math.floor(now / 1000), fudge: fudgeSeconds, error: 0, other: Buffer.alloc(0) };
  const mac = macOf(key, [message, ...variablesOf(key, variables)]);
  const id = message.subarray(0, 2);
  const data = Buffer.concat([algorithm, timers(variables), ...prefixed(mac), id, number16(0), number16(0)]);
  const record = encodeRecord({ name: key.name, type: typeNumbers.TSIG, class: classes.any, ttl: 0, data });
  const bytes = Buffer.concat([message, record]);
  bytes.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return { bytes, mac };
}

/** Length of what a signature adds to a message. */
export function signatureLength(key: TsigKey): number {
  return encodeName(key.name).length + 10 + algorithm.length + 8 + 2 + 32 + 6;
}

/** Checks the answers to one signed request, in the order they come. */
export interface Verifier {
  /** Throws ProviderError for a signature that does not hold, or that is missing where it may not be. */
  take(bytes: Buffer): Message;
  /** True when everything so far is signed. */
  readonly settled: boolean;
}

/** `requestMac` as `sign` gave it. `now` in milliseconds. */
export function createVerifier(key: TsigKey, requestMac: Buffer, now: number): Verifier {
  let prior = requestMac;
  let first = true;
  let unsigned: Buffer[] = [];
  const check = (message: Message, record: ReadRecord) => {
    const { mac, variables } = readSignature(message, record, key);
    const stripped = Buffer.from(message.bytes.subarray(0, record.start));
    stripped.writeUInt16BE(message.additionals.length - 1, 10);
    const tail = first ? variablesOf(key, variables) : [timers(variables)];
    const wanted = macOf(key, [...prefixed(prior), ...unsigned, stripped, ...tail]);
    if (mac.length !== wanted.length || !timingSafeEqual(mac, wanted)) throw forged();
    if (variables.error !== 0) throw unsignedAnswer(variables.error);
    if (Math.abs(now / 1000 - variables.time) > fudgeSeconds + 60) throw forged();
    [prior, first, unsigned] = [mac, false, []];
  };
  return {
    take(bytes) {
      const message = readMessage(bytes);
      const record = message.additionals.at(-1);
      if (record?.type === typeNumbers.TSIG) check(message, record);
      else if (first || unsigned.length >= mostUnsigned) throw unsignedAnswer(message.rcode);
      else unsigned.push(bytes);
      return message;
    },
    get settled() {
      return unsigned.length === 0;
    },
  };
}

function readSignature({ bytes }: Message, record: ReadRecord, key: TsigKey): { mac: Buffer; variables: Variables } {
  const { name, next } = decodeName(bytes, record.at + 2);
  const macLength = bytes.readUInt16BE(next + 8);
  const end = next + 10 + macLength;
  if (record.name !== key.name || name !== "hmac-sha256" || end + 6 > bytes.length) throw forged();
  const error = bytes.readUInt16BE(end + 2);
  const otherLength = bytes.readUInt16BE(end + 4);
  // A complaint about the key cannot be signed with it.
  if (macLength === 0) throw unsignedAnswer(error);
  return {
    mac: Buffer.from(bytes.subarray(next + 10, end)),
    variables: {
      time: bytes.readUIntBE(next, 6),
      fudge: bytes.readUInt16BE(next + 6),
      error,
      other: bytes.subarray(end + 6, end + 6 + otherLength),
    },
  };
}

function forged(): ProviderError {
  return new ProviderError("unavailable", "an answer of the name server is not signed with the panel's key");
}

function unsignedAnswer(code: number): ProviderError {
  return new ProviderError("conflict", "the name server does not accept the panel's key", { output: `code ${code}` });
}
