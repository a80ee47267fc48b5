import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Question } from "../../test/harness/ask.ts";
import { createNginxProvider } from "./provider.ts";
import { createLiveHost, type LiveHost, until } from "./testing/live-host.ts";
import { phpSocket, startPhp } from "./testing/php.ts";
import { testSite } from "./testing/site.ts";

const mega = 1024 * 1024;

/** What the side server was asked. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
}

let host: LiveHost;
let side: Server;
let endPhp: () => void;
/** Resolves when the side server may write the rest of `/slow`. */
let rest: Promise<void>;

beforeAll(async () => {
  host = await createLiveHost();
  side = await startSide();
  const provider = createNginxProvider(host.info);
  const to = { http: (side.address() as AddressInfo).port, https: 0 };
  // Nobody listens on the port of this host's own mail.
  const away = { http: 1, https: 0 };
  const plain = testSite("plain.test", { php: { socket: phpSocket }, root: join(host.info.paths.homes, "john") });
  mkdirSync(plain.root ?? "");
  writeFileSync(join(plain.root ?? "", "inside.php"), "<?php header('X-Accel-Redirect: /.patchbay/relay');");
  const names = ["rel.test", "www.rel.test"];
  for (const [file, certified] of [
    [testSite("rel.test").https.file, names],
    [plain.https.file, ["plain.test"]],
  ] as const)
    host.certify(file, certified);
  host.write(
    provider.base(host.front),
    provider.generation(3),
    provider.relay("rel.test", testSite("rel.test", { names }), to),
    provider.relay("gone.test", testSite("gone.test"), away),
    provider.render("plain.test", plain),
  );
  expect(host.test()).toEqual({ status: 0, output: "" });
  endPhp = await startPhp(host);
  await host.start();
});

afterAll(async () => {
  endPhp();
  side.closeAllConnections();
  side.close();
  await host.stop();
});

describe("a relayed request", () => {
  it("arrives as it was asked, whatever its address is", async () => {
    for (const url of [
      "/",
      "/a.php/b?c=%20d&e",
      "/.env",
      "//x/../y%2fz;p",
      "/.well-known/patchbay/site",
      "/%C3%A9|'{}",
    ]) {
      expect(await seen("rel.test", url)).toMatchObject({ method: "GET", url, bytes: 0 });
    }
    expect(await seen("rel.test", "/.patchbay/relay")).toMatchObject({ url: "/.patchbay/relay" });
    const sent = await seen("www.rel.test", "/p?q", { method: "PUT", body: "body", headers: { "x-own": "a" } });
    expect(sent).toMatchObject({
      method: "PUT",
      url: "/p?q",
      bytes: 4,
      headers: { "x-own": "a", "content-length": "4" },
    });
    expect((await host.get("rel.test", "/teapot")).status).toBe(418);
  });

  it("names the host as it was asked for, never another than was looked up", async () => {
    for (const name of ["rel.test", "REL.test:8080", "www.rel.test.", "rel.test.:1"]) {
      expect((await seen(name, "/")).headers["host"]).toBe(name);
    }
    const answer = await raw("GET http://rel.test/x HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n\r\n");
    expect(JSON.parse(answer.slice(answer.indexOf("{")))).toMatchObject({ url: "/x", headers: { host: "rel.test" } });
  });

  it("says who asks and how, whatever the client claims", async () => {
    const claims = {
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-proto": "ftp",
      connection: "close, x-forwarded-for",
    };
    const plain = await seen("rel.test", "/", { headers: claims, from: "127.0.0.7" });
    expect(plain.headers).toMatchObject({ "x-forwarded-for": "127.0.0.7", "x-forwarded-proto": "http" });
    const secure = JSON.parse((await host.getTls("rel.test", "/", { headers: claims })).body);
    expect(secure.headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https" });
  });

  it("never changes to another protocol than web sockets", async () => {
    const h2c = { upgrade: "h2c", connection: "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABkAAQAAP__" };
    const { headers } = await seen("rel.test", "/", { headers: h2c });
    expect([headers["upgrade"], headers["connection"]]).toEqual([undefined, "close"]);
  });

  it("may have a body of 64 MB, and no larger one", async () => {
    const large = Buffer.alloc(64 * mega, 1);
    expect(await seen("rel.test", "/", { method: "POST", body: large })).toMatchObject({ bytes: 64 * mega });
    const headers = { "content-length": String(64 * mega + 1), expect: "100-continue" };
    expect((await host.get("rel.test", "/", { method: "POST", headers })).status).toBe(413);
  });

  it("of another site's name is not passed on", async () => {
    expect((await host.getTls("rel.test", "/", { sni: "plain.test" })).status).toBe(421);
    expect((await host.getTls("plain.test", "/", { sni: "rel.test" })).status).toBe(421);
  });

  it("for the number of the last apply is answered here", async () => {
    expect((await host.get("rel.test", "/.well-known/patchbay/generation")).body).toBe("3");
  });
});

describe("a relayed answer", () => {
  it("arrives piece by piece", async () => {
    let go: () => void = () => {};
    rest = new Promise((resolve) => {
      go = resolve;
    });
    const parts: string[] = [];
    const whole = await new Promise<string>((resolve, reject) => {
      const options = { host: "127.0.0.1", port: host.info.ports.http, path: "/slow", headers: { host: "rel.test" } };
      const call = request(options, (answer) => {
        answer.on("data", (part: Buffer) => {
          parts.push(part.toString());
          go();
        });
        answer.on("end", () => resolve(parts.join("")));
      });
      call.on("error", reject).end();
    });
    expect([parts[0], whole]).toEqual(["first", "firstlast"]);
  });

  it("orders nothing of this server", async () => {
    const answer = await host.get("rel.test", "/accel");
    expect([answer.status, answer.body]).toEqual([200, "as it is"]);
    expect((await host.get("plain.test", "/inside.php")).status).toBe(404);
    expect((await host.get("plain.test", "/.patchbay/relay")).status).toBe(404);
  });

  it("may be a web socket", async () => {
    const options = { host: "127.0.0.1", port: host.info.ports.http, path: "/socket" };
    const headers = { host: "rel.test", connection: "Upgrade", upgrade: "WebSocket" };
    const echoed = await new Promise<string>((resolve, reject) => {
      const call = request({ ...options, headers }).on("error", reject);
      call.on("response", (answer) => reject(new Error(`answered ${answer.statusCode}`)));
      call.on("upgrade", (_answer, socket) => {
        socket.on("data", (part: Buffer) => {
          resolve(part.toString());
          socket.destroy();
        });
        socket.write("hello");
      });
      call.end();
    });
    expect(echoed).toBe("HELLO");
  });

  it("is 502 when nobody answers, which is logged here; all else the side server logs", async () => {
    const log = (name: string) => join(host.info.paths.log, "web-nginx", name);
    expect((await host.get("gone.test", "/x")).status).toBe(502);
    await until(async () => readFileSync(log("gone.test.error.log"), "utf8").includes('"GET /x HTTP/1.1" 502'));
    expect(existsSync(log("gone.test.access.log"))).toBe(false);
    expect(existsSync(log("rel.test.access.log"))).toBe(false);
    expect(existsSync(log("rel.test.error.log"))).toBe(false);
  });
});

async function seen(name: string, path: string, more: Partial<Question> = {}): Promise<Seen> {
  const answer = await host.get(name, path, more);
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body);
}

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(host.info.ports.http, "127.0.0.1", () => socket.write(text));
    socket.on("data", (part) => parts.push(part)).on("error", reject);
    socket.on("end", () => resolve(Buffer.concat(parts).toString()));
  });
}

function startSide(): Promise<Server> {
  const server = createServer((call, answer) => {
    void answerAs(call, answer);
  });
  server.on("upgrade", (call, socket) => {
    expect(call.headers).toMatchObject({ upgrade: "websocket", connection: "upgrade" });
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.on("data", (part) => socket.write(part.toString().toUpperCase()));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function answerAs(call: IncomingMessage, answer: ServerResponse): Promise<void> {
  if (call.url === "/teapot") return void answer.writeHead(418).end();
  if (call.url === "/accel") {
    return void answer
      .setHeader("X-Accel-Redirect", "/.patchbay/pages/suspended.html")
      .setHeader("X-Accel-Limit-Rate", "1")
      .end("as it is");
  }
  if (call.url === "/slow") {
    answer.write("first");
    await rest;
    return void answer.end("last");
  }
  let bytes = 0;
  for await (const part of call) bytes += (part as Buffer).length;
  answer.end(JSON.stringify({ method: call.method, url: call.url, headers: call.headers, bytes }));
}
