import { createHash } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import { connect, isIP } from "node:net";
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import { within } from "./within.ts";

export interface HttpGet {
  readonly port: "http" | "https";
  /** Value of the Host field, also the server name asked for over TLS. */
  readonly host: string;
  readonly path: string;
}

export interface GetOptions {
  readonly address: string;
  readonly ports: Readonly<Record<"http" | "https", number>>;
  readonly timeoutMs: number;
  /** Bytes of the body that are read; the rest is not waited for. */
  readonly longestBody: number;
  readonly signal?: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** SHA-256 of the certificate that was shown, lower-case hex; null when none was, as over HTTP. */
  readonly certificate: string | null;
}

/**
 * One GET on a connection of its own: one that is kept alive would be answered by the old workers after a reload. Rejects
 * when no whole answer comes in time.
 */
export function httpGet(get: HttpGet, options: GetOptions): Promise<HttpAnswer> {
  return within(options.timeoutMs, options.signal, (until) => ask(get, options, until));
}

function ask({ port, host, path }: HttpGet, options: GetOptions, until: AbortSignal): Promise<HttpAnswer> {
  const { address, ports, longestBody } = options;
  const at = { host: address, port: ports[port] };
  const headers = { host, connection: "close" };
  const connection = () => (port === "https" ? connectTls({ ...at, ...trusting(host) }) : connect(at));
  return new Promise((resolve, reject) => {
    const sent = request({ ...at, path, headers, signal: until, createConnection: connection });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const certificate = port === "https" ? shownBy(response.socket as TLSSocket) : null;
      const chunks: Buffer[] = [];
      let size = 0;
      const end = () => {
        const body = Buffer.concat(chunks).subarray(0, longestBody);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, certificate });
        sent.destroy();
      };
      response.on("error", reject);
      response.on("aborted", () => reject(new Error("the answer was cut")));
      response.on("end", end);
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size >= longestBody) end();
      });
    });
    sent.end();
  });
}

let context: SecureContext | undefined;

/** One for all connections: making one loads the world's authorities, and costs more than the handshake. */
function sharedContext(): SecureContext {
  context ??= createSecureContext();
  return context;
}

/** It is asked what is served, not whether the world trusts the certificate. */
function trusting(host: string): ConnectionOptions {
  return { rejectUnauthorized: false, secureContext: sharedContext(), servername: serverName(host) };
}

function serverName(host: string): string {
  const name = host.replace(/:\d+$/, "");
  return isIP(name) === 0 ? name : "";
}

function shownBy(socket: TLSSocket): string | null {
  const certificate = socket.getPeerX509Certificate();
  return certificate ? createHash("sha256").update(certificate.raw).digest("hex") : null;
}
