import { randomInt } from "node:crypto";
import { type Clock, ProviderError, type Wire, type WireStream } from "@patchbay/sdk";
import { type ControlTable, decodeControl, encodeControl } from "./control-message.ts";

/** Results of named that mean something here (`isc/result.h`, the same since BIND 9.0). */
const results = { success: 0, exists: 18, notFound: 23 } as const;
const validSeconds = 60;
const longestAnswer = 1024 * 1024;

/** A conversation with named's control channel: one command after the other. */
export interface Control {
  /** False: there is a zone of this name already. `config` is the text between the braces. */
  addZone(zone: string, config: string): Promise<boolean>;
  /** Throws ProviderError `conflict` when there is no such zone. */
  modifyZone(zone: string, config: string): Promise<void>;
  /** False: there is no such zone. */
  deleteZone(zone: string): Promise<boolean>;
  /** The configuration of a zone that was added; undefined when there is none. */
  showZone(zone: string): Promise<string | undefined>;
  /** State of the zone's keys, as text for people. Empty when there is no such zone. */
  keyStatus(zone: string): Promise<string>;
  /** Tells named that the parent zone holds no DS record any more, so that it can stop signing in time. */
  dsWithdrawn(zone: string): Promise<void>;
}

interface Reply {
  readonly code: number;
  readonly text: string;
}

/**
 * Opens a conversation. Every command may throw ProviderError `invalid` with what named says, and `unavailable`. Zone names
 * must have been checked: they become part of a command.
 */
export async function openControl(
  parts: { wire: Wire; clock: Clock; secret: Uint8Array },
  signal: AbortSignal,
): Promise<Control & { close(): void }> {
  const stream = await parts.wire.connect("dns-control", signal);
  const session = new Session(stream, parts.clock, parts.secret);
  try {
    await session.begin();
  } catch (error) {
    stream.close();
    throw error;
  }
  return { ...commandsOf(session), close: () => stream.close() };
}

function commandsOf(session: Session): Control {
  const demand = async (command: string) => {
    const { code, text } = await session.ask(command);
    if (code !== results.success) throw refused(command, code, text);
    return text;
  };
  const unless = async (excused: number, command: string) => {
    const { code, text } = await session.ask(command);
    if (code === excused) return undefined;
    if (code !== results.success) throw refused(command, code, text);
    return text;
  };
  const added = (zone: string, config: string) => `${zone} { ${config} };`;
  return {
    addZone: async (zone, config) => (await unless(results.exists, `addzone ${added(zone, config)}`)) !== undefined,
    modifyZone: async (zone, config) => {
      await demand(`modzone ${added(zone, config)}`);
    },
    deleteZone: async (zone) => (await unless(results.notFound, `delzone ${zone}`)) !== undefined,
    showZone: (zone) => unless(results.notFound, `showzone ${zone}`),
    keyStatus: async (zone) => (await unless(results.notFound, `dnssec -status ${zone}`)) ?? "",
    dsWithdrawn: async (zone) => {
      await demand(`dnssec -checkds withdrawn ${zone}`);
    },
  };
}

function refused(command: string, code: number, text: string): ProviderError {
  const [verb = "", zone = ""] = command.split(" ");
  const missing = code === results.notFound;
  return new ProviderError(missing ? "conflict" : "invalid", `named refuses ${verb} for ${zone}`, { output: text });
}

class Session {
  readonly #stream: WireStream;
  readonly #clock: Clock;
  readonly #secret: Uint8Array;
  #serial = randomInt(2 ** 31);
  #nonce: string | undefined;

  constructor(stream: WireStream, clock: Clock, secret: Uint8Array) {
    this.#stream = stream;
    this.#clock = clock;
    this.#secret = secret;
  }

  /** Gets the number that commands of this connection must carry, so that none can be played back on another. */
  async begin(): Promise<void> {
    const { _ctrl: control } = await this.#exchange("null");
    const nonce = typeof control === "object" ? control["_nonce"] : undefined;
    if (typeof nonce !== "string") throw unclear();
    this.#nonce = nonce;
  }

  async ask(command: string): Promise<Reply> {
    const { _data: data } = await this.#exchange(command);
    if (typeof data !== "object") throw unclear();
    const { err = "", result = "", text = "" } = data;
    if (typeof result !== "string" || !/^\d+$/.test(result)) throw unclear();
    return { code: Number(result), text: [err, text].filter((part) => typeof part === "string" && part).join("\n") };
  }

  async #exchange(command: string): Promise<ControlTable> {
    const seconds = Math.floor(this.#clock.now() / 1000);
    this.#serial += 1;
    const nonce: ControlTable = this.#nonce === undefined ? {} : { _nonce: this.#nonce };
    const control = { _ser: `${this.#serial}`, _tim: `${seconds}`, _exp: `${seconds + validSeconds}`, ...nonce };
    await this.#stream.write(encodeControl(this.#secret, { _ctrl: control, _data: { type: command } }));
    const length = Buffer.from(await this.#stream.read(4)).readUInt32BE(0);
    if (length < 4 || length > longestAnswer) throw unclear();
    return decodeControl(this.#secret, Buffer.from(await this.#stream.read(length)));
  }
}

function unclear(): ProviderError {
  return new ProviderError("unavailable", "the control channel of the name server cannot be understood");
}
