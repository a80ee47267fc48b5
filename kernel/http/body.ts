import type { IncomingMessage } from "node:http";
import { PanelError } from "@patchbay/sdk";

/** Largest JSON body, in bytes. */
export const bodyLimit = 1024 * 1024;

/** So much of a body that is too large is read and thrown away: who still sends when the line is cut never sees the answer. */
const patience = 16 * bodyLimit;

const tooLarge = () =>
  new PanelError("BODY_TOO_LARGE", { status: 413, message: `The request body may have at most ${bodyLimit} bytes.` });

/** Reads a whole body as text. Throws BODY_TOO_LARGE (413) without keeping it, INVALID_BODY (400) for bytes that are no UTF-8. */
export function readBody(req: IncomingMessage): Promise<string> {
  const announced = Number(req.headers["content-length"] ?? 0);
  if (announced > patience) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyLimit) chunks.push(chunk);
      else chunks.length = 0;
      if (size <= patience) return;
      req.pause();
      reject(tooLarge());
    });
    req.on("end", () => {
      if (size > bodyLimit) return reject(tooLarge());
      try {
        resolve(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks)));
      } catch {
        reject(new PanelError("INVALID_BODY", { status: 400, message: "The request body is not UTF-8." }));
      }
    });
    req.on("error", reject);
    req.on("aborted", () =>
      reject(new PanelError("INVALID_BODY", { status: 400, message: "The request body ended early." })),
    );
  });
}

const none: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

/** Query parameters as a plain object. A key that comes twice is refused: which one counts would be a guess. */
export function readQuery(url: string): Readonly<Record<string, string>> {
  const start = url.indexOf("?");
  if (start === -1 || start === url.length - 1) return none;
  const entries = [...new URLSearchParams(url.slice(start + 1))];
  // Not by assignment: a parameter may be called `__proto__`.
  const values = Object.fromEntries(entries);
  if (Object.keys(values).length < entries.length) {
    throw new PanelError("INVALID_INPUT", { status: 400, message: "A query parameter was given more than once." });
  }
  return values;
}
