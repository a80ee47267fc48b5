import type { IncomingMessage, RequestListener } from "node:http";
import type { Server } from "node:https";
import type { Socket } from "node:net";
import { type Listener, listen } from "listhen";
import type { KeptCertificate } from "./certificate.ts";

export type { Listener };

export interface ListenerOptions {
  readonly address: string;
  /** User panel, reseller panel, admin panel. */
  readonly ports: readonly number[];
  readonly certificate: KeptCertificate;
}

/** Time a connection has for its first request. Milliseconds. */
const headersTimeout = 10_000;

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
  server.headersTimeout = headersTimeout;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = 1_000;
  endSilent(server);
  return listener;
}

/** Node itself looks for slow headers twice a minute only, so that few could hold many connections for long. */
function endSilent(server: Server): void {
  const timers = new WeakMap<Socket, NodeJS.Timeout>();
  server.on("secureConnection", (socket) => {
    const timer = setTimeout(() => socket.destroy(), headersTimeout);
    timers.set(socket, timer);
    socket.once("close", () => clearTimeout(timer));
  });
  server.on("request", ({ socket }: IncomingMessage) => clearTimeout(timers.get(socket)));
}

/** The library names a port that is taken in words of its own. */
async function listenOn(port: number, ...options: Parameters<typeof listen>): Promise<Listener> {
  try {
    return await listen(...options);
  } catch (error) {
    throw (error as Error).name === "GetPortError" ? new Error(`port ${port} is taken`, { cause: error }) : error;
  }
}
