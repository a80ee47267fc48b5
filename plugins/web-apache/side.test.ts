import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SiteUnit } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../test/harness/ask.ts";
import { phpSocketOf, until } from "./testing/daemons.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

const stranger = "203.0.113.9";
const probePath = "/.well-known/patchbay/site";
const facts = ["HTTPS", "REQUEST_SCHEME", "SERVER_PORT", "REMOTE_ADDR", "HTTP_HOST", "HTTP_X_FORWARDED_PROTO"];
const toHttps =
  "RewriteEngine On\nRewriteCond %{HTTPS} off\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n";
const script = `<?php echo implode('|', [${facts.map((name) => `$_SERVER['${name}'] ?? ''`).join(", ")}]);`;

let front: LiveHost;
let side: LiveHost;
let units: readonly SiteUnit[];

/** One Apache at the front, which passes every site on to another beside it; `direct.test` it serves itself. */
beforeAll(async () => {
  front = await createLiveHost();
  side = await createLiveHost(front.info);
  for (const host of [front, side]) {
    for (const path of ["plain.txt", "sub/plain.txt", "to-https/plain.txt", "https-only/plain.txt"])
      host.put("john", `public_html/${path}`, "plain");
    host.put("john", "public_html/index.php", script);
    host.put("john", "public_html/.htaccess", "RewriteEngine On\nRewriteRule ^path$ /to [R]\nRedirect /old /new\n");
    host.put("john", "public_html/to-https/.htaccess", toHttps);
    host.put("john", "public_html/https-only/.htaccess", "SSLRequireSSL\n");
  }
  const php = { socket: phpSocketOf("john") };
  const { https } = side.site("john", "x.test");
  units = [
    side.site("john", "php.test", { php }),
    side.site("john", "forced.test", { php, https: { ...https, force: true, hsts: 60 } }),
    side.site("john", "susp.test", { state: "suspended" }),
    side.site("john", "go.test", { kind: "redirect", root: null, redirect: { to: "https://to.test/", code: 302 } }),
    side.site("john", "own.test", { includes: { apache: "Header set X-Own own" } }),
  ];
  side.serve(side.side, units, 5);
  front.serve(front.front, [front.site("john", "direct.test")]);
  front.write(...units.map((unit) => front.provider.relay(keyOf(unit), unit, side.side.ports)));
  expect([side.test().status, front.test().status]).toEqual([0, 0]);
  await Promise.all([side.php("john"), side.start(), front.start()]);
});

afterAll(async () => {
  await front.stop();
  await side.stop();
});

const keyOf = (unit: SiteUnit) => unit.names[0] as string;

describe("a site at the side", () => {
  it("is probed through the front as any other", async () => {
    for (const unit of units) {
      for (const probe of front.provider.relay(keyOf(unit), unit, side.side.ports).probes ?? []) {
        if (probe.kind !== "http") throw new Error("no probe of HTTP");
        const answer = await front[probe.port === "https" ? "getTls" : "get"](probe.host, probe.path);
        expect(answer).toMatchObject({ status: 200, body: probe.body });
      }
    }
  });

  it("is answered on its own side ports, by both protocols", async () => {
    const { http, https } = side.side.ports;
    expect((await side.get("php.test", "/plain.txt", { port: http })).body).toBe("plain");
    expect((await side.get("php.test", "/plain.txt", { port: https, sni: "php.test" })).body).toBe("plain");
  });

  it("tells no stranger its fingerprint, through whom he asks", async () => {
    const headers = { "x-forwarded-for": stranger };
    const port = side.side.ports.http;
    expect((await side.get("php.test", probePath, { port })).status).toBe(200);
    expect((await side.get("php.test", probePath, { port, headers })).status).toBe(404);
  });

  it("runs scripts and writes its log as if there were no relay", async () => {
    const { http, https } = front.info.ports;
    const from = "127.0.0.9";
    expect((await front.get("php.test", "/", { from })).body).toBe(`|http|${http}|${from}|php.test|http`);
    expect((await front.getTls("php.test", "/", { from })).body).toBe(`on|https|${https}|${from}|php.test|https`);
    await front.get("php.test", "/?by-nine", { from: "127.0.0.9" });
    await until(async () => /^php\.test 127\.0\.0\.9 .*by-nine/m.test(side.log("access.log")));
  });

  it("is suspended, forced to HTTPS and extended there", async () => {
    expect((await front.get("susp.test", "/")).status).toBe(503);
    const forced = await front.get("forced.test", "/a?b");
    expect([forced.status, forced.headers.location]).toEqual([
      301,
      `https://forced.test:${front.info.ports.https}/a?b`,
    ]);
    const secure = await front.getTls("forced.test", "/");
    expect([secure.status, secure.headers["strict-transport-security"]]).toEqual([200, "max-age=60"]);
    expect((await front.get("own.test", "/plain.txt")).headers["x-own"]).toBe("own");
  });

  it("knows of HTTPS by its connection, in .htaccess too, and never by what a client says", async () => {
    const { http, https } = front.info.ports;
    const headers = { "x-forwarded-proto": "https" };
    const secure = "/to-https/plain.txt";
    for (const port of [http, side.side.ports.http]) {
      const sent = await front.get("php.test", secure, { port, headers });
      expect([sent.status, sent.headers.location]).toEqual([301, `https://php.test${secure}`]);
      expect((await front.get("php.test", "/https-only/plain.txt", { port, headers })).status).toBe(403);
      expect((await front.get("php.test", "/", { port, headers })).body).toMatch(new RegExp(`^\\|http\\|${http}\\|`));
    }
    for (const port of [https, side.side.ports.https]) {
      const claim = { port, headers: { "x-forwarded-proto": "http" } };
      for (const path of [secure, "/https-only/plain.txt"])
        expect(await front.getTls("php.test", path, claim)).toMatchObject({ status: 200, body: "plain" });
      expect((await front.getTls("php.test", "/", claim)).body).toMatch(new RegExp(`^on\\|https\\|${https}\\|`));
    }
  });

  it("sends visitors to where they asked: by the same protocol, to the port they named or to none", async () => {
    const { http, https } = front.info.ports;
    for (const [scheme, name, port] of [
      ["http", "php.test", http],
      ["https", "php.test", https],
      ["https", "forced.test", https],
    ] as const) {
      const tls = scheme === "https" ? { sni: name } : {};
      for (const host of [name, `${name}:${port}`]) {
        const to = async (path: string) => (await front.get(host, path, { port, ...tls })).headers.location;
        expect(await to("/sub")).toBe(`${scheme}://${host}/sub/`);
        expect(await to("/path")).toBe(`${scheme}://${host}/to`);
        expect(await to("/old")).toBe("/new");
      }
    }
  });

  it("offers its relays no other protocol", async () => {
    for (const [name, path, status] of [
      ["php.test", "/plain.txt", 200],
      ["php.test", "/", 200],
      ["php.test", "/none", 404],
      ["php.test", "/.env", 404],
      ["php.test", "/old", 302],
      ["php.test", "/sub", 301],
      ["php.test", probePath, 200],
      ["susp.test", "/", 503],
      ["go.test", "/", 302],
    ] as const) {
      const answer = await side.getTls(name, path, { port: side.side.ports.https });
      expect([name, path, answer.status, answer.headers.upgrade]).toEqual([name, path, status, undefined]);
    }
  });

  it("is 503 for everybody while its server is away, and nobody else's", async () => {
    await side.stop();
    expect((await front.get("php.test", "/")).status).toBe(503);
    expect((await front.get("direct.test", "/plain.txt")).body).toBe("plain");
  });
});

describe("the headers of a relay", () => {
  it("are believed by no server at the front, from nobody", async () => {
    const headers = { "x-forwarded-for": stranger, "x-forwarded-proto": "https" };
    expect((await front.get("direct.test", probePath, { headers })).status).toBe(200);
    await front.get("direct.test", "/plain.txt?public", { headers });
    await until(async () => front.log("access.log").includes("?public"));
    expect(front.log("access.log")).toMatch(/^direct\.test 127\.0\.0\.1 .*\?public/m);
  });
});

describe("changing between front and side", () => {
  it("opens and closes the public ports, and keeps those at the side", async () => {
    const { http, https } = front.info.ports;
    const answers = (port: number, more = {}) =>
      ask({ port, host: "direct.test", path: "/plain.txt", ...more }).then(
        ({ body }) => body,
        (error: NodeJS.ErrnoException) => error.code,
      );
    const tls = { sni: "direct.test" };
    const all = async () => [
      await answers(http),
      await answers(https, tls),
      await answers(front.front.ports.http),
      await answers(front.front.ports.https, tls),
    ];
    expect(await all()).toEqual(["plain", "plain", "plain", "plain"]);
    for (const generation of [10, 20]) {
      for (const [step, stand, open] of [
        [0, front.side, "ECONNREFUSED"],
        [1, front.front, "plain"],
      ] as const) {
        front.write(front.provider.base(stand), front.provider.generation(generation + step));
        front.reload();
        await front.reloaded(generation + step);
        expect(await all()).toEqual([open, open, "plain", "plain"]);
      }
    }
  });

  it("changes a single file", () => {
    const of = (role: "front" | "side") => front.provider.base(front[role]).files ?? [];
    const changed = of("front").filter(({ content }, at) => content !== of("side")[at]?.content);
    expect(changed.map(({ path }) => path)).toEqual(["snippets/listen.conf"]);
  });
});

describe("the admin's own files", () => {
  it("are read last, and may be absent", async () => {
    const directory = join(front.info.paths.etc, "web-apache/local.d");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "own.conf"), "Header always set X-Local yes\n");
    front.write(front.provider.generation(40));
    front.reload();
    await front.reloaded(40);
    expect((await front.get("direct.test", "/plain.txt")).headers["x-local"]).toBe("yes");
    writeFileSync(join(directory, "own.conf"), "NoSuchDirective on\n");
    expect(front.test().output).toContain("local.d/own.conf");
  });
});
