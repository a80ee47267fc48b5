import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerSeen, createVisitor, seenOverHttp2, startTwins, type Twins } from "../../test/harness/relay-twins.ts";
import { createNginxProvider } from "./provider.ts";
import { createLiveHost, type LiveHost, until } from "./testing/live-host.ts";
import { phpSocket, startPhp } from "./testing/php.ts";
import { testSite } from "./testing/site.ts";

const mega = 1024 * 1024;

let host: LiveHost;
let side: Twins;
let endPhp: () => void;
/** Resolves when the side server may write the rest of `/slow`. */
let rest: Promise<void>;

beforeAll(async () => {
  host = await createLiveHost();
  side = await startTwins({ request: (call, answer) => void answerAs(call, answer), upgrade: answerSocket });
  const provider = createNginxProvider(host.info);
  // Nobody listens on the port of this host's own mail.
  const away = { http: 1, https: 1 };
  const plain = testSite("plain.test", { php: { socket: phpSocket }, root: join(host.info.paths.homes, "john") });
  mkdirSync(plain.root ?? "");
  writeFileSync(join(plain.root ?? "", "inside.php"), "<?php header('X-Accel-Redirect: /.patchbay/relay');");
  const [relayed, gone] = [testSite("rel.test", { names: ["rel.test", "www.rel.test"] }), testSite("gone.test")];
  for (const { https, names } of [relayed, gone, plain]) host.certify(https.file, names);
  host.write(
    provider.base(host.front),
    provider.generation(3),
    provider.relay("rel.test", relayed, side.ports),
    provider.relay("gone.test", gone, away),
    provider.render("plain.test", plain),
  );
  expect(host.test()).toEqual({ status: 0, output: "" });
  endPhp = await startPhp(host);
  await host.start();
});

afterAll(async () => {
  endPhp();
  side.stop();
  await host.stop();
});

describe.each(["http", "https"] as const)("a relayed request over %s", (scheme) => {
  const { ask, raw, seen, sniOf } = createVisitor(() => host, scheme);

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
    expect((await ask("rel.test", "/teapot")).status).toBe(418);
  });

  it("is asked by the visitor's own protocol, under the name of the site", async () => {
    for (const name of ["rel.test", "REL.test:8080", "www.rel.test.", "rel.test.:1"]) {
      expect(await seen(name, "/")).toMatchObject({ scheme, sni: sniOf(name), headers: { host: name } });
    }
  });

  it("names the host as it was asked for, never another than was looked up", async () => {
    const answer = await raw(
      "rel.test",
      `GET ${scheme}://rel.test/x HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n\r\n`,
    );
    const asked = { url: "/x", scheme, sni: sniOf("rel.test"), headers: { host: "rel.test" } };
    expect(JSON.parse(answer.slice(answer.indexOf("{")))).toMatchObject(asked);
  });

  it("says who asks and how, whatever the client claims", async () => {
    const claims = {
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-proto": "ftp",
      connection: "close, x-forwarded-for, x-forwarded-proto",
    };
    const { headers } = await seen("rel.test", "/", { headers: claims, from: "127.0.0.7" });
    expect(headers).toMatchObject({ "x-forwarded-for": "127.0.0.7", "x-forwarded-proto": scheme });
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
    expect((await ask("rel.test", "/", { method: "POST", headers })).status).toBe(413);
  });
});

describe("a relayed request", () => {
  it("of another site's name is not passed on", async () => {
    expect((await host.getTls("rel.test", "/", { sni: "plain.test" })).status).toBe(421);
    expect((await host.getTls("plain.test", "/", { sni: "rel.test" })).status).toBe(421);
  });

  it("under another name of its site is passed on", async () => {
    const answer = await host.getTls("rel.test", "/", { sni: "www.rel.test" });
    expect(JSON.parse(answer.body)).toMatchObject({ scheme: "https", sni: "rel.test", headers: { host: "rel.test" } });
  });

  it("over HTTP/2 is passed on over HTTPS", async () => {
    const headers = { host: "rel.test", "x-forwarded-proto": "https" };
    expect(await seenOverHttp2(host, "rel.test")).toMatchObject({ scheme: "https", sni: "rel.test", headers });
  });

  it("for the number of the last apply is answered here", async () => {
    expect((await host.get("rel.test", "/.well-known/patchbay/generation")).body).toBe("3");
  });
});

describe.each(["http", "https"] as const)("a relayed answer over %s", (scheme) => {
  const { ask, connect, raw } = createVisitor(() => host, scheme);

  it("arrives piece by piece", async () => {
    let go: () => void = () => {};
    rest = new Promise((resolve) => {
      go = resolve;
    });
    const asked = "GET /slow HTTP/1.1\r\nHost: rel.test\r\nConnection: close\r\n\r\n";
    const whole = await raw("rel.test", asked, (part) => {
      if (part.includes("first")) go();
    });
    expect(whole.indexOf("first")).toBeLessThan(whole.indexOf("last"));
  });

  it("may be a web socket", async () => {
    const socket = connect("rel.test");
    const echoed = new Promise<string>((resolve, reject) => {
      let got = "";
      socket.on("error", reject).on("data", (part: Buffer) => {
        got += part;
        if (got.endsWith("\r\n\r\n")) socket.write("hello");
        if (got.includes("HELLO")) resolve(got);
      });
    });
    socket.write("GET /socket HTTP/1.1\r\nHost: rel.test\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n");
    expect(await echoed).toMatch(/^HTTP\/1.1 101 .*\r\n\r\nHELLO$/s);
    socket.destroy();
  });

  it("is 502 when nobody answers, which is logged here; all else the side server logs", async () => {
    const log = (name: string) => join(host.info.paths.log, "web-nginx", name);
    expect((await ask("gone.test", `/${scheme}`)).status).toBe(502);
    const line = `"GET /${scheme} HTTP/1.1" 502`;
    await until(async () => readFileSync(log("gone.test.error.log"), "utf8").includes(line));
    expect(existsSync(log("gone.test.access.log"))).toBe(false);
    expect(existsSync(log("rel.test.access.log"))).toBe(false);
    expect(existsSync(log("rel.test.error.log"))).toBe(false);
  });
});

describe("a relayed answer", () => {
  it("orders nothing of this server", async () => {
    const answer = await host.get("rel.test", "/accel");
    expect([answer.status, answer.body]).toEqual([200, "as it is"]);
    expect((await host.get("plain.test", "/inside.php")).status).toBe(404);
    expect((await host.get("plain.test", "/.patchbay/relay")).status).toBe(404);
  });
});

function answerSocket({ headers }: IncomingMessage, socket: Socket): void {
  expect(headers).toMatchObject({ upgrade: "websocket", connection: "upgrade" });
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  socket.on("data", (part) => socket.write(part.toString().toUpperCase()));
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
  await answerSeen(call, answer);
}
