import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import type { HostInfo } from "@patchbay/sdk";
import type { Answer, Question } from "./ask.ts";
import { makeCertificate } from "./site-certificate.ts";

export type Scheme = "http" | "https";

/** Two servers that answer alike, as a web server at the side does on its two ports. */
export interface Twins {
  readonly ports: Readonly<Record<Scheme, number>>;
  /** Ends their connections as well. */
  stop(): void;
}

export interface TwinAnswers {
  readonly request: RequestListener;
  readonly upgrade: (asked: IncomingMessage, socket: Socket) => void;
}

/** The one for HTTPS has a certificate that it signed itself, for no name that is asked. */
export async function startTwins({ request, upgrade }: TwinAnswers): Promise<Twins> {
  const { pem } = makeCertificate(["twin.invalid"]);
  const [plain, secure] = [createServer(), createTlsServer({ key: pem, cert: pem })];
  for (const server of [plain, secure]) server.on("request", request).on("upgrade", upgrade);
  return {
    ports: { http: await portOf(plain), https: await portOf(secure) },
    stop: () => {
      for (const server of [plain, secure]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

/** What one of the two was asked. */
export interface Seen {
  /** Which of the two it was. */
  readonly scheme: Scheme;
  /** Name in the handshake; empty for none, and over plain HTTP. */
  readonly sni: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Length of the body. */
  readonly bytes: number;
}

/** Answers with a `Seen`. */
export async function answerSeen(call: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { headers, method, socket, url } = call;
  let bytes = 0;
  for await (const part of call) bytes += (part as Buffer).length;
  const { servername } = socket as TLSSocket & { servername?: string | false };
  const scheme = socket instanceof TLSSocket ? "https" : "http";
  answer.end(JSON.stringify({ scheme, sni: servername || "", method, url, headers, bytes }));
}

interface Front {
  readonly info: HostInfo;
  get(host: string, path: string, more?: Partial<Question>): Promise<Answer>;
}

/** Asks a front by one of the protocols, as a browser does: the name in the handshake is that of the address. */
export interface Visitor {
  ask: Front["get"];
  /** What came to a twin that answers with it. */
  seen(host: string, path: string, more?: Partial<Question>): Promise<Seen>;
  /** Name in the handshake for this host; empty over plain HTTP. */
  sniOf(host: string): string;
  connect(host: string): Socket;
  /** Sends this text, and resolves with all that came. `onPart` is told what comes as it does. */
  raw(host: string, text: string, onPart?: (part: string) => void): Promise<string>;
}

/** `front` is called at each request. */
export function createVisitor(front: () => Front, scheme: Scheme): Visitor {
  const bare = (host: string) => host.toLowerCase().replace(/\.?(?::\d+)?$/, "");
  const port = () => front().info.ports[scheme];
  const visitor: Visitor = {
    ask: (host, path, more) => {
      const secure = scheme === "https" ? { sni: bare(host) } : {};
      return front().get(host, path, { port: port(), ...secure, ...more });
    },
    seen: async (host, path, more) => JSON.parse((await visitor.ask(host, path, more)).body),
    sniOf: (host) => (scheme === "https" ? bare(host) : ""),
    connect: (host) => {
      const to = { host: "127.0.0.1", port: port() };
      return scheme === "http" ? connect(to) : connectTls({ ...to, servername: bare(host), rejectUnauthorized: false });
    },
    raw: (host, text, onPart = () => {}) =>
      new Promise((resolve, reject) => {
        let got = "";
        const socket = visitor.connect(host);
        socket.setEncoding("utf8").write(text);
        socket.on("error", reject).on("end", () => resolve(got));
        socket.on("data", (part: string) => {
          got += part;
          onPart(part);
        });
      }),
  };
  return visitor;
}

/** As `seen` of a visitor, over HTTP/2. */
export async function seenOverHttp2({ info }: Front, host: string): Promise<Seen> {
  const session = connectHttp2(`https://127.0.0.1:${info.ports.https}`, {
    servername: host,
    rejectUnauthorized: false,
  });
  const stream = session.request({ ":path": "/", ":authority": host }).setEncoding("utf8");
  let body = "";
  for await (const part of stream) body += part;
  session.destroy();
  return JSON.parse(body);
}
