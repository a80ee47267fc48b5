import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { H3 } from "h3";
import { toNodeHandler } from "h3/node";
import { openListeners } from "../../kernel/http/listeners.ts";

export interface BareServer {
  readonly port: number;
  readonly path: string;
  /** What every request is answered with. */
  readonly body: unknown;
  /** The panel's own certificate and key, one file. */
  readonly pem: string;
}

/** The part `bare`: one h3 handler that returns a constant object, behind the very listener the panel has. */
export async function serveBare({ port, path, body, pem }: BareServer): Promise<void> {
  const text = readFileSync(pem, "utf8");
  const at = text.indexOf("-----BEGIN PRIVATE KEY-----");
  const app = new H3();
  app.get(path, () => body);
  await openListeners(toNodeHandler(app) as RequestListener, {
    address: "127.0.0.1",
    ports: [port],
    certificate: { cert: text.slice(0, at), key: text.slice(at) },
  });
}
