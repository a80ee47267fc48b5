import type { Duplex } from "node:stream";
import * as v from "valibot";
import type { HelperError } from "./errors.ts";
import { encodeFrame, FrameReader, fits } from "./frames.ts";

const request = v.strictObject({ id: v.pipe(v.number(), v.safeInteger()), op: v.string(), input: v.unknown() });

export type Answer =
  | { readonly id: number; readonly ok: unknown }
  | { readonly id: number; readonly error: Pick<HelperError, "kind" | "message" | "output"> };

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
  stream.write(fits(frame) ? frame : encodeFrame({ id, error: tooLong }));
}

function plain({ kind, message, output }: HelperError): Pick<HelperError, "kind" | "message" | "output"> {
  return { kind, message, output };
}
