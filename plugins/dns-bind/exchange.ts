import { type Clock, ProviderError, type Wire, type WireStream } from "@patchbay/sdk";
import { encodeQuery, type Message, type ReadRecord, readMessage } from "./message.ts";
import { type PacketType, typeNumbers } from "./packet.ts";
import { createVerifier, sign, type TsigKey } from "./tsig.ts";

/** What the name server says to a request (RFC 1035, 4.1.1; RFC 2136, 2.2). */
export const rcodes = {
  ok: 0,
  formErr: 1,
  servFail: 2,
  refused: 5,
  yxRrset: 7,
  nxRrset: 8,
  notAuth: 9,
  notZone: 10,
} as const;

/** A zone that is still being loaded, after a start, is answered with SERVFAIL: asked again this often. */
const loading = { attempts: 10, pauseMs: 200 };

/** Messages longer than this go over TCP. */
const longestDatagram = 1200;

/** Talks DNS with this host's name server. */
export interface Exchange {
  query(name: string, type: PacketType, signal: AbortSignal): Promise<Message>;
  /** The answer is signed with the same key, and checked. */
  signed(message: Buffer, key: TsigKey, signal: AbortSignal): Promise<Message>;
  /** All records of a zone but the closing SOA, message by message. Undefined when the server has no such zone, or cannot load it. */
  transfer(zone: string, key: TsigKey, signal: AbortSignal): Promise<readonly Message[] | undefined>;
}

export function createExchange(wire: Wire, clock: Clock): Exchange {
  const transferOnce = async (zone: string, key: TsigKey, signal: AbortSignal) => {
    const request = sign(encodeQuery(zone, "AXFR"), key, clock.now());
    const stream = await wire.connect("dns", signal);
    try {
      await writeFrame(stream, request.bytes);
      const verifier = createVerifier(key, request.mac, clock.now());
      const messages = await readTransfer(zone, async () =>
        verifier.take(matching(request.bytes, await readFrame(stream))),
      );
      if (verifier.settled) return messages;
      throw new ProviderError("unavailable", `the transfer of ${zone} is not signed to its end`);
    } finally {
      stream.close();
    }
  };
  return {
    query: (name, type, signal) =>
      untilLoaded(signal, async () => readMessage(await carry(wire, encodeQuery(name, type), signal))),
    signed: (message, key, signal) =>
      untilLoaded(signal, async () => {
        const request = sign(message, key, clock.now());
        const answer = await carry(wire, request.bytes, signal);
        return createVerifier(key, request.mac, clock.now()).take(answer);
      }),
    transfer: async (zone, key, signal) => {
      const messages = await untilLoaded(signal, () => transferOnce(zone, key, signal));
      return "rcode" in messages ? undefined : messages;
    },
  };
}

/** One message and its answer. */
async function carry(wire: Wire, bytes: Buffer, signal: AbortSignal): Promise<Buffer> {
  if (bytes.length <= longestDatagram) {
    const answer = matching(bytes, Buffer.from(await wire.datagram("dns", bytes, signal)));
    if (!isTruncated(answer)) return answer;
  }
  const stream = await wire.connect("dns", signal);
  try {
    await writeFrame(stream, bytes);
    return matching(bytes, await readFrame(stream));
  } finally {
    stream.close();
  }
}

async function untilLoaded<T extends object>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (let left = loading.attempts; ; left -= 1) {
    const answer = await ask();
    if (!("rcode" in answer) || answer.rcode !== rcodes.servFail || left === 0 || signal.aborted) return answer;
    await new Promise((resolve) => setTimeout(resolve, loading.pauseMs));
  }
}

/** A transfer starts and ends with the SOA. Resolves with the answer alone when the zone is not there, or not loaded. */
async function readTransfer(zone: string, next: () => Promise<Message>): Promise<readonly Message[] | Message> {
  const messages: Message[] = [];
  for (let starts = 0; starts < 2; ) {
    const message = await next();
    const { answers, rcode } = message;
    if (messages.length === 0 && (rcode === rcodes.notAuth || rcode === rcodes.servFail)) return message;
    if (rcode !== rcodes.ok || answers.length === 0) {
      const output = `code ${rcode}`;
      throw new ProviderError("unavailable", `the name server does not hand over ${zone}`, { output });
    }
    starts += answers.filter(({ type }) => type === typeNumbers.SOA).length;
    messages.push(message);
  }
  return messages;
}

/** Every record of a transfer with the message it is in. */
export function* transferred(messages: readonly Message[]): Generator<{ message: Message; record: ReadRecord }> {
  for (const message of messages) for (const record of message.answers) yield { message, record };
}

function matching(request: Buffer, answer: Buffer): Buffer {
  if (answer.length >= 12 && answer.readUInt16BE(0) === request.readUInt16BE(0)) return answer;
  throw new ProviderError("unavailable", "the name server answered something else");
}

function isTruncated(answer: Buffer): boolean {
  return (answer.readUInt16BE(2) & 0x0200) !== 0;
}

async function writeFrame(stream: WireStream, bytes: Buffer): Promise<void> {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  await stream.write(Buffer.concat([length, bytes]));
}

async function readFrame(stream: WireStream): Promise<Buffer> {
  const length = Buffer.from(await stream.read(2)).readUInt16BE(0);
  if (length < 12) throw new ProviderError("unavailable", "the name server answered what cannot be read");
  return Buffer.from(await stream.read(length));
}
