import type { Duplex } from "node:stream";
import * as v from "valibot";
import type { HelperError } from "./errors.ts";

/** Longest frame, in bytes of JSON. */
export const longestFrame = 4 * 1024 * 1024;

const request = v.strictObject({ id: v.pipe(v.number(), v.safeInteger()), op: v.string(), input: v.unknown() });

export type Answer =
  | { readonly id: number; readonly ok: unknown }
  | { readonly id: number; readonly error: Pick<HelperError, "kind" | "message" | "output"> };

/** A frame: four bytes of length, then JSON. */
export function encodeFrame(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** Cuts a byte stream into frames. Throws for a length that is not allowed and for what is not JSON. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const values: unknown[] = [];
    for (let body = this.#next(); body !== undefined; body = this.#next()) {
      values.push(JSON.parse(body.toString("utf8")) as unknown);
    }
    return values;
  }

  #next(): Buffer | undefined {
    if (this.#size < 4) return undefined;
    if ((this.#chunks[0]?.length ?? 0) < 4) this.#join();
    const length = this.#chunks[0]?.readUInt32BE(0) ?? 0;
    if (length === 0 || length > longestFrame) throw new Error("a frame has a length that is not allowed");
    if (this.#size < length + 4) return undefined;
    const all = this.#join();
    this.#chunks = [all.subarray(length + 4)];
    this.#size = all.length - length - 4;
    return all.subarray(4, length + 4);
  }

  #join(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}

/**
 * Answers the requests of one connection. A frame that is not a request ends the connection: whoever sends such a thing is
 * not the kernel we started. `closed` is called once.
 */
export function serveChannel(
  stream: Duplex,
  handle: (op: string, input: unknown) => Promise<{ ok: unknown } | { error: HelperError }>,
  closed: () => void,
): void {
  const reader = new FrameReader();
  stream.on("data", (chunk: Buffer) => {
    try {
      for (const value of reader.push(chunk)) void answer(stream, v.parse(request, value), handle);
    } catch {
      stream.destroy();
    }
  });
  stream.on("error", () => stream.destroy());
  stream.on("end", () => stream.destroy());
  stream.once("close", closed);
}

async function answer(
  stream: Duplex,
  { id, op, input }: v.InferOutput<typeof request>,
  handle: (op: string, input: unknown) => Promise<{ ok: unknown } | { error: HelperError }>,
): Promise<void> {
  const result = await handle(op, input);
  if (stream.destroyed) return;
  const frame = encodeFrame({ id, ...("ok" in result ? result : { error: plain(result.error) }) });
  const tooLong = { kind: "terminal", message: "the answer is too long", output: "" };
  stream.write(frame.length - 4 <= longestFrame ? frame : encodeFrame({ id, error: tooLong }));
}

function plain({ kind, message, output }: HelperError): Pick<HelperError, "kind" | "message" | "output"> {
  return { kind, message, output };
}
