import { createSocket, type Socket as Datagrams } from "node:dgram";
import { connect, isIPv6, type Socket } from "node:net";
import { type HostInfo, ProviderError, type ServicePort, type Wire, type WireStream } from "@patchbay/sdk";
import { within } from "./within.ts";

const answerMs = 2000;
const streamMs = 10_000;
const longestRead = 1024 * 1024;

/**
 * Connections to the daemons of this host: to its address and to the ports it has for them, nowhere else. When `signal`
 * aborts, what is under way is rejected and a stream is closed.
 */
export function createWire({ address, ports }: Pick<HostInfo, "address" | "ports">): Wire {
  return {
    datagram: (port, message, signal) => askOnce({ address, port: ports[port], name: port }, message, signal),
    connect: (port, signal) => {
      // Control channels are for this machine alone, wherever the daemons listen.
      const target = port === "dns-control" ? "127.0.0.1" : address;
      return open({ address: target, port: ports[port], name: port }, signal);
    },
  };
}

interface Target {
  readonly address: string;
  readonly port: number;
  readonly name: ServicePort;
}

const unavailable = (what: string, cause?: unknown) => new ProviderError("unavailable", what, { cause });

function askOnce(target: Target, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return within(answerMs, signal, (until) => ask(target, message, until));
}

function ask({ address, port, name }: Target, message: Uint8Array, until: AbortSignal): Promise<Uint8Array> {
  const socket: Datagrams = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const silent = (cause: unknown) => unavailable(`nobody answers on the ${name} port`, cause);
  const answer = new Promise<Uint8Array>((resolve, reject) => {
    const fail = (cause: unknown) => reject(silent(cause));
    if (until.aborted) return fail(until.reason);
    until.addEventListener("abort", () => fail(until.reason), { once: true });
    socket.once("error", fail);
    socket.once("message", (bytes) => resolve(bytes));
    // Connected: the system drops what others than the daemon send.
    socket.once("connect", () => {
      socket.send(message, (error) => {
        if (error) fail(error);
      });
    });
    socket.connect(port, address);
  });
  return answer.finally(() => {
    socket.on("error", () => {});
    socket.close();
  });
}

function open(target: Target, signal: AbortSignal): Promise<WireStream> {
  return within(answerMs, signal, (until) => connectTo(target, until, signal));
}

/** `until`: how long connecting may take; `signal` holds for the whole stream. */
function connectTo({ address, port, name }: Target, until: AbortSignal, signal: AbortSignal): Promise<WireStream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true, autoSelectFamily: false });
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(unavailable(`nobody answers on the ${name} port`, cause));
    };
    const late = () => fail(until.reason);
    socket.once("error", fail);
    socket.once("connect", () => {
      until.removeEventListener("abort", late);
      socket.off("error", fail);
      resolve(new SocketStream(socket, name, signal));
    });
    until.addEventListener("abort", late, { once: true });
    if (until.aborted) late();
  });
}

/** Reads ask the paused socket for exact amounts, so it holds no more than one read and what the system buffers. */
class SocketStream implements WireStream {
  readonly #socket: Socket;
  readonly #name: string;
  /** The end of the reads that were asked for before. */
  #reads: Promise<unknown> = Promise.resolve();
  #failure: unknown;

  constructor(socket: Socket, name: string, signal: AbortSignal) {
    this.#socket = socket;
    this.#name = name;
    socket.on("error", (error) => {
      this.#failure ??= error;
    });
    const abort = () => socket.destroy(new Error("the work was ended"));
    signal.addEventListener("abort", abort, { once: true });
    socket.once("close", () => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  }

  write(bytes: Uint8Array): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(this.#broken(error)) : resolve()));
    });
    return this.#inTime(sent);
  }

  read(length: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(length) || length < 1 || length > longestRead) {
      return Promise.reject(new RangeError(`a read takes 1 to ${longestRead} bytes`));
    }
    const next = this.#reads.then(() => this.#inTime(this.#take(length)));
    this.#reads = next.catch(() => undefined);
    return next;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(length: number): Promise<Uint8Array> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const done = (result: Uint8Array | ProviderError) => {
        for (const event of ["readable", "end", "close"]) socket.off(event, look);
        if (result instanceof ProviderError) reject(result);
        else resolve(result);
      };
      const look = () => {
        const bytes = socket.destroyed ? null : (socket.read(length) as Buffer | null);
        if (bytes?.length === length) done(bytes);
        else if (bytes !== null || socket.destroyed || socket.readableEnded) done(this.#broken(this.#failure));
      };
      for (const event of ["readable", "end", "close"]) socket.on(event, look);
      look();
    });
  }

  /** What comes too late would be taken for the answer to the next question, so the stream ends with it. */
  async #inTime<T>(work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#socket.destroy(new Error("no answer in time")), streamMs);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  #broken(cause: unknown): ProviderError {
    return unavailable(`the connection to the ${this.#name} port is closed`, cause);
  }
}
