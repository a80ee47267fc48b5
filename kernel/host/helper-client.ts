import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ProviderError } from "@patchbay/sdk";
import {
  type PrivilegedInput,
  type PrivilegedOp,
  type PrivilegedOutput,
  privilegedOps,
} from "@patchbay/sdk/privileged";
import * as v from "valibot";
import { encodeFrame, FrameReader, fits } from "../helper/frames.ts";
import type { HelperClient } from "./types.ts";

const defaultTimeoutMs = 60_000;

const failure = v.object({
  kind: v.picklist(["unsupported", "invalid", "conflict", "unavailable", "terminal"]),
  message: v.string(),
  output: v.string(),
});
const answer = v.union([v.object({ id: v.number(), error: failure }), v.object({ id: v.number(), ok: v.unknown() })]);

export interface ConnectOptions {
  /** Greater than that of every kernel before. */
  readonly epoch: number;
  /** Called once when the line is gone; the kernel ends then. */
  readonly onClosed?: () => void;
}

/**
 * Opens the line to the helper and says hello. `line` is the descriptor the helper passed on (3) or a stream. Rejects with
 * `ProviderError` `terminal` when a later kernel has taken over.
 */
export async function connectHelper(
  line: number | Duplex,
  { epoch, onClosed }: ConnectOptions,
): Promise<{ client: HelperClient; hello: PrivilegedOutput<"hello"> }> {
  const stream = typeof line === "number" ? new Socket({ fd: line, readable: true, writable: true }) : line;
  const client = new ChannelClient(stream, onClosed ?? (() => {}));
  const hello = await client.call("hello", { protocol: 1, epoch });
  return { client, hello: v.parse(privilegedOps.hello.output, hello) };
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ProviderError) => void;
  readonly timer: NodeJS.Timeout;
}

class ChannelClient implements HelperClient {
  readonly #stream: Duplex;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  readonly #reader = new FrameReader();

  constructor(stream: Duplex, onClosed: () => void) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", () => stream.destroy());
    stream.on("end", () => stream.destroy());
    stream.once("close", () => {
      for (const id of this.#pending.keys()) this.#take(id)?.reject(lineGone());
      onClosed();
    });
  }

  async call<K extends PrivilegedOp>(
    op: K,
    input: PrivilegedInput<K>,
    { timeoutMs = defaultTimeoutMs }: { timeoutMs?: number } = {},
  ): Promise<PrivilegedOutput<K>> {
    if (this.#stream.destroyed) throw lineGone();
    this.#lastId += 1;
    const id = this.#lastId;
    const frame = encodeFrame({ id, op, input });
    if (!fits(frame)) throw new ProviderError("terminal", `the input of ${op} is too long`);
    const output = await new Promise<unknown>((resolve, reject) => {
      const late = () =>
        this.#take(id)?.reject(new ProviderError("unavailable", `the helper did not answer ${op} in time`));
      this.#pending.set(id, { resolve, reject, timer: setTimeout(late, timeoutMs) });
      this.#stream.write(frame);
    });
    return output as PrivilegedOutput<K>;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const value of this.#reader.push(chunk)) if (!this.#settle(value)) return void this.#stream.destroy();
    } catch {
      this.#stream.destroy();
    }
  }

  // False for what no helper would send.
  #settle(value: unknown): boolean {
    const parsed = v.safeParse(answer, value);
    if (!parsed.success) return false;
    const pending = this.#take(parsed.output.id);
    if (pending === undefined) return true;
    if ("error" in parsed.output) {
      const { kind, message, output } = parsed.output.error;
      pending.reject(new ProviderError(kind, message, { output }));
    } else pending.resolve(parsed.output.ok);
    return true;
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }
}

function lineGone(): ProviderError {
  return new ProviderError("unavailable", "the line to the helper is gone");
}
