import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Question } from "../../test/harness/ask.ts";
import { until } from "./testing/daemons.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

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
/** Resolves when the side server may write the rest of `/slow`. */
let rest: Promise<void>;

beforeAll(async () => {
  host = await createLiveHost();
  side = createServer((asked, answer) => void answerAsSide(asked, answer));
  side.on("upgrade", (asked, socket) => {
    const accept = `HTTP/1.1 101 Switching\r\nUpgrade: ${asked.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`;
    socket.on("error", () => {}).write(accept);
    socket.on("data", (data: Buffer) => socket.write(`echo ${data}`));
    socket.on("end", () => socket.end());
  });
  await new Promise<void>((resolve) => side.listen(0, "127.0.0.1", resolve));
  const to = { http: (side.address() as AddressInfo).port, https: 0 };
  const names = ["rel.test", "www.rel.test"];
  host.put("john", "public_html/page.txt", "own");
  host.serve(host.front, [host.site("john", "plain.test")], 3);
  host.write(
    host.provider.relay("rel.test", host.site("john", "rel.test", { names, includes: { nginx: "} else" } }), to),
    host.provider.relay("gone.test", host.site("john", "gone.test"), { http: 1, https: 0 }),
    host.provider.render("plain.test", host.site("john", "plain.test")),
  );
  expect(host.test()).toEqual({ status: 0, output: "Syntax OK\n" });
  await host.start();
});

afterAll(async () => {
  await host.stop();
  side.closeAllConnections();
  side.close();
});

async function answerAsSide(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  let bytes = 0;
  for await (const part of asked) bytes += (part as Buffer).length;
  if (asked.url === "/teapot") answer.statusCode = 418;
  if (asked.url === "/slow") {
    answer.write("first ");
    await rest;
    answer.end("second");
    return;
  }
  const headers: Record<string, string> = {};
  asked.rawHeaders.forEach((text, at, all) => {
    if (at % 2 === 0) headers[text.toLowerCase()] = all[at + 1] ?? "";
  });
  answer.end(JSON.stringify({ method: asked.method ?? "", url: asked.url ?? "", headers, bytes } satisfies Seen));
}

async function seen(name: string, path: string, more: Partial<Question> = {}): Promise<Seen> {
  return JSON.parse((await host.get(name, path, more)).body);
}

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(host.info.ports.http, "127.0.0.1", () => socket.write(text));
    socket.on("data", (part) => parts.push(part));
    socket.on("end", () => resolve(Buffer.concat(parts).toString())).on("error", reject);
  });
}

describe("a relayed request", () => {
  it("arrives as it was asked, whatever its address is", async () => {
    for (const url of [
      "/",
      "/a.php/b?c=%20d&e",
      "/.env",
      "/x//y%2fz;p",
      "/.well-known/patchbay/site",
      "/%C3%A9|'{}",
      "/%3f?",
    ])
      expect(await seen("rel.test", url)).toMatchObject({ method: "GET", url, bytes: 0 });
    const sent = await seen("www.rel.test", "/p?q", { method: "PUT", body: "body", headers: { "x-own": "a" } });
    expect(sent).toMatchObject({
      method: "PUT",
      url: "/p?q",
      bytes: 4,
      headers: { "x-own": "a", "content-length": "4" },
    });
    expect(await seen("rel.test", "/", { method: "POST", body: "body", chunked: true })).toMatchObject({ bytes: 4 });
    expect((await host.get("rel.test", "/teapot")).status).toBe(418);
    expect((await host.get("plain.test", "/page.txt")).body).toBe("own");
  });

  it("names the host as it was asked for, never another than was looked up", async () => {
    for (const name of ["rel.test", "REL.test:8080", "www.rel.test.", "rel.test.:1"])
      expect((await seen(name, "/")).headers["host"]).toBe(name);
    const answer = await raw("GET http://rel.test/x HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n\r\n");
    expect(JSON.parse(answer.slice(answer.indexOf("{")))).toMatchObject({ headers: { host: "rel.test" } });
  });

  it("says who asks and how, whatever the client claims", async () => {
    for (const connection of ["close", "close, x-forwarded-for", "X-Forwarded-Proto, close, X-FORWARDED-FOR"]) {
      const headers = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "ftp", connection };
      const plain = await seen("rel.test", "/", { headers, from: "127.0.0.7" });
      expect(plain.headers).toMatchObject({ "x-forwarded-for": "127.0.0.7", "x-forwarded-proto": "http" });
      const secure = JSON.parse((await host.getTls("rel.test", "/", { headers })).body);
      expect(secure.headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https" });
    }
  });

  it("never changes to another protocol than web sockets", async () => {
    const h2c = { upgrade: "h2c", connection: "Upgrade, HTTP2-Settings", "http2-settings": "AAMAAABkAAQAAP__" };
    const { headers } = await seen("rel.test", "/", { headers: h2c });
    expect(headers["upgrade"]).toBeUndefined();
  });

  it("may have a body of 64 MB, and no larger one", async () => {
    const large = Buffer.alloc(64 * mega, 1);
    expect(await seen("rel.test", "/", { method: "POST", body: large })).toMatchObject({ bytes: 64 * mega });
    const headers = { "content-length": String(64 * mega + 1), expect: "100-continue" };
    expect((await host.get("rel.test", "/", { method: "POST", headers })).status).toBe(413);
  });

  it("of another site's name is not passed on", async () => {
    expect((await host.getTls("nobody.test", "/", { sni: "rel.test" })).status).toBe(421);
    expect((await host.getTls("rel.test", "/", { sni: "nobody.test" })).status).toBe(421);
  });
});

describe("a relayed answer", () => {
  it("arrives piece by piece", async () => {
    let go: () => void = () => {};
    rest = new Promise((resolve) => {
      go = resolve;
    });
    const parts: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const options = { host: "127.0.0.1", port: host.info.ports.http, path: "/slow", headers: { host: "rel.test" } };
      const call = request(options, (answer) => {
        answer.on("data", (part: Buffer) => {
          parts.push(part.toString());
          go();
        });
        answer.on("end", resolve);
      });
      call.on("error", reject).end();
    });
    expect(parts).toEqual(["first ", "second"]);
  });

  it("may be a web socket", async () => {
    const socket = connect(host.info.ports.http, "127.0.0.1");
    let got = "";
    socket.on("data", (data) => {
      got += data;
    });
    socket.write("GET /ws HTTP/1.1\r\nHost: rel.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await until(async () => got.includes("\r\n\r\n"));
    expect(got).toMatch(/^HTTP\/1.1 101 /);
    socket.write("hello");
    await until(async () => got.endsWith("echo hello"));
    socket.destroy();
  });

  it("is 503 when nobody answers, which is logged here; all else the side server logs", async () => {
    await host.get("rel.test", "/teapot?there");
    expect((await host.get("gone.test", "/?away")).status).toBe(503);
    await host.get("plain.test", "/page.txt?last");
    await until(async () => host.log("access.log").includes("?last"));
    expect(host.log("failed.log")).toMatch(/^gone\.test .*\?away/m);
    expect(host.log("access.log") + host.log("failed.log")).not.toMatch(/\?there/);
  });
});
