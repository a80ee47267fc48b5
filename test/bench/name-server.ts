import { createSocket, type Socket } from "node:dgram";
import dnsPacket from "dns-packet";
import { createVault } from "../../kernel/plugins/vault.ts";
import { readKey } from "../../kernel/storage/key.ts";
import { createSealer } from "../../kernel/storage/sealer.ts";
import { keysFrom } from "../../plugins/dns-bind/keys.ts";
import { encodeQuery, encodeUpdate, readMessage } from "../../plugins/dns-bind/message.ts";
import { sign, type TsigKey } from "../../plugins/dns-bind/tsig.ts";
import { planUpdate, toMessages } from "../../plugins/dns-bind/update.ts";

/** Between an answer and the next question. Milliseconds. */
const pauseMs = 0.3;
/** A datagram that is lost is sent again. Milliseconds. */
const patienceMs = 500;
/** Longest time until a change is seen. Milliseconds. */
const longestMs = 10_000;

/** An address that is to be the only one of a name; null: none. */
export interface AddressChange {
  readonly zone: string;
  readonly name: string;
  readonly address: string | null;
}

/** The name server of an instance as others see it: over UDP. */
export class NameServer {
  readonly #socket: Socket;
  readonly #key: TsigKey;
  readonly #waiting = new Map<number, (answer: Buffer) => void>();
  #isOpen = true;

  private constructor(socket: Socket, key: TsigKey) {
    this.#socket = socket;
    this.#key = key;
    socket.on("message", (answer) => this.#waiting.get(answer.readUInt16BE(0))?.(answer));
  }

  /** `panel` is the directory with the key of the instance: what changes zones is derived from it. */
  static async connect(port: number, panel: string): Promise<NameServer> {
    const { update } = keysFrom(createVault(createSealer(readKey(panel)), "dns-bind"));
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.connect(port, "127.0.0.1", resolve));
    return new NameServer(socket, update);
  }

  /** The bare way to change a zone: one UPDATE with a signature (RFC 2136, RFC 8945). */
  async update({ zone, name, address }: AddressChange): Promise<void> {
    const type = "A" as const;
    const set = address === null ? null : { kind: "set" as const, zone, name, type, ttl: 3600, data: [address] };
    const { first, last } = planUpdate([{ name, type, set }]);
    const [records = []] = toMessages([...first, ...last]);
    const { rcode } = readMessage(await this.#ask(sign(encodeUpdate(zone, [], records), this.#key, Date.now()).bytes));
    if (rcode !== 0) throw new Error(`an update of ${zone} was answered ${rcode}`);
  }

  /** Asks until the answer is the new one. */
  async shows({ name, address }: AddressChange): Promise<void> {
    const end = performance.now() + longestMs;
    while ((await this.#lookUp(name)) !== address) {
      if (performance.now() > end) throw new Error(`${name} is not ${address}`);
      nap();
    }
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.close();
  }

  async #lookUp(name: string): Promise<string | null> {
    const { answers = [] } = dnsPacket.decode(await this.#ask(encodeQuery(name, "A")));
    const found = answers.find((answer) => answer.type === "A");
    return found?.type === "A" ? found.data : null;
  }

  async #ask(message: Buffer): Promise<Buffer> {
    const id = message.readUInt16BE(0);
    const answer = new Promise<Buffer>((resolve) => this.#waiting.set(id, resolve));
    const again = setInterval(() => this.#send(message), patienceMs).unref();
    this.#send(message);
    try {
      return await answer;
    } finally {
      clearInterval(again);
      this.#waiting.delete(id);
    }
  }

  /** Whoever still asks when it is closed gets no answer. */
  #send(message: Buffer): void {
    if (this.#isOpen) this.#socket.send(message);
  }
}

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Timers of Node wait a millisecond at least, and a loop would take the processor from who is measured. */
function nap(): void {
  Atomics.wait(nobody, 0, 0, pauseMs);
}
