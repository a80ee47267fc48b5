import { type IncomingHttpHeaders, type RequestOptions, request } from "node:http";
import { request as requestTls } from "node:https";
import type { TLSSocket } from "node:tls";

export interface Question {
  readonly port: number;
  /** Sent as `Host`. */
  readonly host: string;
  /** As it goes over the line. */
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** The body is sent in chunks, without its length. */
  readonly chunked?: boolean;
  /** Given: asked over TLS, with this name in the handshake; empty for none. */
  readonly sni?: string;
  /** Address the connection comes from. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** SHA-256 of the certificate that was shown, lower-case hex. */
  readonly certificate?: string;
}

/** One request on a connection of its own. Rejects when there is no answer. */
export function ask(question: Question): Promise<Answer> {
  const { port, host, path, method = "GET", headers, body, chunked, sni, from } = question;
  const options: RequestOptions = { host: "127.0.0.1", port, path, method, agent: false };
  if (from !== undefined) options.localAddress = from;
  options.headers = { host, connection: "close", ...lengthOf(chunked ? undefined : body), ...headers };
  return new Promise((resolve, reject) => {
    const call =
      sni === undefined ? request(options) : requestTls({ ...options, servername: sni, rejectUnauthorized: false });
    call.on("response", (answer) => {
      const certificate = sni === undefined ? {} : { certificate: fingerprintOf(call.socket as TLSSocket) };
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text, ...certificate });
      });
    });
    call.on("error", reject).end(body);
  });
}

function lengthOf(body: Question["body"]): Record<string, string> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

export function fingerprintOf(socket: TLSSocket): string {
  return socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase();
}
