import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerSeen, createVisitor, seenOverHttp2, startTwins, type Twins } from "../../test/harness/relay-twins.ts";
import { until } from "./testing/daemons.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

const mega = 1024 * 1024;

let host: LiveHost;
let side: Twins;
/** Resolves when the side server may write the rest of `/slow`. */
let rest: Promise<void>;

beforeAll(async () => {
  host = await createLiveHost();
  side = await startTwins({ request: (call, answer) => void answerAs(call, answer), upgrade: answerSocket });
  const names = ["rel.test", "www.rel.test"];
  const relayed = host.site("john", "rel.test", { names, includes: { nginx: "} else" } });
  host.put("john", "public_html/page.txt", "own");
  host.serve(host.front, [host.site("john", "plain.test")], 3);
  host.write(
    host.provider.relay("rel.test", relayed, side.ports),
    host.provider.relay("gone.test", host.site("john", "gone.test"), { http: 1, https: 1 }),
    host.provider.render("plain.test", host.site("john", "plain.test")),
  );
  expect(host.test()).toEqual({ status: 0, output: "Syntax OK\n" });
  await host.start();
});

afterAll(async () => {
  await host.stop();
  side.stop();
});

describe.each(["http", "https"] as const)("a relayed request over %s", (scheme) => {
  const { ask, raw, seen, sniOf } = createVisitor(() => host, scheme);

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
    expect((await ask("rel.test", "/teapot")).status).toBe(418);
    expect((await ask("plain.test", "/page.txt")).body).toBe("own");
  });

  it("is asked by the visitor's own protocol, under the name of the site", async () => {
    for (const name of ["rel.test", "REL.test:8080", "www.rel.test.", "rel.test.:1"])
      expect(await seen(name, "/")).toMatchObject({ scheme, sni: sniOf(name), headers: { host: name } });
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
    for (const connection of ["close", "close, x-forwarded-for", "X-Forwarded-Proto, close, X-FORWARDED-FOR"]) {
      const claims = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "ftp", connection };
      const { headers } = await seen("rel.test", "/", { headers: claims, from: "127.0.0.7" });
      expect(headers).toMatchObject({ "x-forwarded-for": "127.0.0.7", "x-forwarded-proto": scheme });
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
    expect((await ask("rel.test", "/", { method: "POST", headers })).status).toBe(413);
  });
});

describe("a relayed request", () => {
  it("of another site's name is not passed on", async () => {
    for (const [name, sni] of [
      ["nobody.test", "rel.test"],
      ["rel.test", "nobody.test"],
      ["plain.test", "rel.test"],
      ["rel.test", "plain.test"],
    ] as const)
      expect((await host.getTls(name, "/", { sni })).status).toBe(421);
  });

  it("under another name of its site is passed on", async () => {
    const answer = await host.getTls("rel.test", "/", { sni: "www.rel.test" });
    expect(JSON.parse(answer.body)).toMatchObject({ scheme: "https", sni: "rel.test", headers: { host: "rel.test" } });
  });

  it("over HTTP/2 is passed on over HTTPS", async () => {
    const headers = { host: "rel.test", "x-forwarded-proto": "https" };
    expect(await seenOverHttp2(host, "rel.test")).toMatchObject({ scheme: "https", sni: "rel.test", headers });
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
    expect(whole.indexOf("first")).toBeLessThan(whole.indexOf("second"));
  });

  it("may be a web socket", async () => {
    const socket = connect("rel.test");
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
    await ask("rel.test", `/teapot?there-${scheme}`);
    expect((await ask("gone.test", `/?away-${scheme}`)).status).toBe(503);
    await ask("plain.test", `/page.txt?last-${scheme}`);
    await until(async () => host.log("access.log").includes(`?last-${scheme}`));
    expect(host.log("failed.log")).toMatch(new RegExp(`^gone\\.test .*\\?away-${scheme}`, "m"));
    expect(host.log("access.log") + host.log("failed.log")).not.toMatch(/\?there/);
  });
});

function answerSocket({ headers }: IncomingMessage, socket: Socket): void {
  const accept = `HTTP/1.1 101 Switching\r\nUpgrade: ${headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`;
  socket.on("error", () => {}).write(accept);
  socket.on("data", (data: Buffer) => socket.write(`echo ${data}`));
  socket.on("end", () => socket.end());
}

async function answerAs(call: IncomingMessage, answer: ServerResponse): Promise<void> {
  if (call.url?.startsWith("/teapot")) answer.statusCode = 418;
  if (call.url === "/slow") {
    answer.write("first ");
    await rest;
    return void answer.end("second");
  }
  await answerSeen(call, answer);
}
