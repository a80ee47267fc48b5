import type { RequestListener, Server } from "node:http";
import { type Listener, listen } from "listhen";
import type { PanelCertificate } from "./certificate.ts";

export type { Listener };

export interface ListenerOptions {
  readonly address: string;
  /** User panel, reseller panel, admin panel. */
  readonly ports: readonly number[];
  readonly certificate: PanelCertificate;
}

/** Opens the panel's TLS listeners. All serve the same API: the role decides, not the port. */
export async function openListeners(handler: RequestListener, options: ListenerOptions): Promise<readonly Listener[]> {
  const opened: Listener[] = [];
  try {
    for (const port of options.ports) opened.push(await openOne(handler, port, options));
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close()));
    throw error;
  }
  return opened;
}

async function openOne(handler: RequestListener, port: number, options: ListenerOptions): Promise<Listener> {
  const listener = await listenOn(port, handler, {
    hostname: options.address,
    // Given as a range of one: a port that is taken is an error, not a reason to listen elsewhere.
    port: { port, ports: [port], portRange: [port, port], random: false },
    https: options.certificate,
    isProd: true,
    isTest: false,
    autoClose: false,
    showURL: false,
    qr: false,
    clipboard: false,
    tunnel: false,
    open: false,
    public: false,
  });
  if (Number(new URL(listener.url).port) !== port) {
    await listener.close();
    throw new Error(`port ${port} is taken`);
  }
  const server = listener.server as Server;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = 1_000;
  return listener;
}

/** The library names a port that is taken in words of its own. */
async function listenOn(port: number, ...options: Parameters<typeof listen>): Promise<Listener> {
  try {
    return await listen(...options);
  } catch (error) {
    throw (error as Error).name === "GetPortError" ? new Error(`port ${port} is taken`, { cause: error }) : error;
  }
}
