import { connect as connectHttp2 } from "node:http2";
import { Agent, request } from "node:https";
import { connect, type PeerCertificate } from "node:tls";
import type { Address, SiteAnswer } from "./site-request.ts";

const longestMs = 20_000;

/** What a server shows to a client that asks for a name: its certificate and protocol, or undefined when it refuses. */
export interface Handshake {
  readonly certificate: PeerCertificate;
  readonly protocol: string | null;
}

/** Shakes hands and hangs up. `name` undefined: without telling any. */
export function shakeHands(at: Address, name: string | undefined): Promise<Handshake | undefined> {
  return new Promise((resolve) => {
    const about = name === undefined ? {} : { servername: name };
    const options = {
      host: at.address,
      port: at.port,
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
      ...about,
    };
    const socket = connect(options, () => {
      resolve({ certificate: socket.getPeerCertificate(), protocol: socket.getProtocol() });
      socket.destroy();
    });
    socket.setTimeout(longestMs, () => socket.destroy());
    socket.on("close", () => resolve(undefined));
    socket.on("error", () => resolve(undefined));
  });
}

/** Asks over HTTPS, telling the name `sni`, for a page of `host`. Status 0: there was no answer. */
export function askSecurely(
  at: Address,
  wanted: { readonly host: string; readonly path: string; readonly sni?: string },
): Promise<SiteAnswer> {
  const { host, path, sni = host } = wanted;
  const agent = new Agent({ keepAlive: false, rejectUnauthorized: false, servername: sni });
  const options = { host: at.address, port: at.port, path, headers: { host }, agent, timeout: longestMs };
  return new Promise((resolve) => {
    const sent = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", () => resolve({ status: 0, headers: {}, text: "", bytes: 0 }));
      answer.on("end", () => {
        const whole = Buffer.concat(chunks);
        const { headers, statusCode = 0 } = answer;
        resolve({ status: statusCode, headers, text: whole.toString("utf8"), bytes: whole.length });
      });
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve({ status: 0, headers: {}, text: "", bytes: 0 }));
    sent.end();
  });
}

/** Asks over HTTP/2. Rejects when the server does not speak it. */
export function askOverHttp2(at: Address, host: string, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://${host}`, {
      rejectUnauthorized: false,
      createConnection: () =>
        connect({
          host: at.address,
          port: at.port,
          servername: host,
          rejectUnauthorized: false,
          ALPNProtocols: ["h2"],
        }),
    });
    session.on("error", reject);
    const stream = session.request({ ":path": path });
    let status = 0;
    const chunks: Buffer[] = [];
    stream.on("response", (headers) => {
      status = Number(headers[":status"]);
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      session.close();
      resolve({ status, text: Buffer.concat(chunks).toString("utf8") });
    });
    stream.end();
  });
}
