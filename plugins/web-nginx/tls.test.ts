import { mkdirSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import type { SiteUnit } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fingerprintOf } from "../../test/harness/ask.ts";
import { policyHeader } from "./policy.ts";
import { createNginxProvider } from "./provider.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";
import { phpSocket, startPhp } from "./testing/php.ts";
import { testSite } from "./testing/site.ts";

const hsts = policyHeader.toLowerCase();
const ownText = `add_header X-Server own always;
location /more/ { add_header X-More more; alias ROOT/; if ($arg_a) { add_header X-If if; } }`;

let host: LiveHost;
let units: ReadonlyMap<string, SiteUnit>;
let endPhp: () => void;

beforeAll(async () => {
  host = await createLiveHost();
  const provider = createNginxProvider(host.info);
  layHome();
  units = new Map(sites().map((unit) => [unit.names[0] as string, unit]));
  const rendered = [...units].map(([key, unit]) => provider.render(key, unit));
  host.write(provider.base(host.front), provider.generation(1), ...rendered);
  expect(host.test()).toEqual({ status: 0, output: "" });
  endPhp = await startPhp(host);
  await host.start();
});

afterAll(async () => {
  endPhp();
  await host.stop();
});

describe("a certificate", () => {
  it("is each site's own, under all of its names, and the probes tell", async () => {
    const provider = createNginxProvider(host.info);
    for (const [key, unit] of units) {
      if (key === "none.test") continue;
      const [plain, secure, ...more] = provider.render(key, unit).probes ?? [];
      if (plain?.kind !== "http" || secure?.kind !== "http") throw new Error("no probes");
      expect([more, plain.port, secure.port]).toEqual([[], "http", "https"]);
      expect(await host.get(plain.host, plain.path)).toMatchObject({ status: 200, body: plain.body });
      const { body, certificate } = secure;
      expect(await host.getTls(secure.host, secure.path)).toMatchObject({ status: 200, body, certificate });
    }
    for (const name of ["www.a.test", "A.Test"]) {
      expect(await host.getTls(name, "/plain.txt")).toMatchObject({
        status: 200,
        certificate: certificateOf("a.test"),
      });
    }
  });

  it("that is new is shown at once, without a reload", async () => {
    const { file } = of("b.test").https;
    const next = host.certify(file, ["b.test"]);
    expect(next.fingerprint).not.toBe(certificateOf("b.test"));
    expect((await host.getTls("b.test", "/plain.txt")).certificate).toBe(next.fingerprint);
    expect((await host.getTls("a.test", "/plain.txt")).certificate).toBe(certificateOf("a.test"));
  });

  it("is not shown to who asks for no name, or for one that nobody has", async () => {
    for (const sni of ["", "unknown.test", "xa.test", "test", "sub.a.test", "_", "..", "certificates/00/a.test.pem"]) {
      await expect(host.getTls("a.test", "/plain.txt", { sni }), sni).rejects.toThrow(/alert/);
    }
    expect((await host.getTls("a.test", "/plain.txt")).status).toBe(200);
  });

  it("that is broken or away takes nobody else's place", async () => {
    await expect(host.getTls("none.test", "/plain.txt")).rejects.toThrow(/alert/);
    expect((await host.get("none.test", "/plain.txt")).status).toBe(200);
  });

  it("of one site is no way to another: 421", async () => {
    for (const other of ["b.test", "own.test", "susp.test", "go.test", "unknown.test", "generation.invalid"]) {
      for (const path of ["/plain.txt", "/index.php", "/.well-known/patchbay/site"]) {
        const answer = await host.getTls(other, path, { sni: "a.test" });
        expect([other, path, answer.status]).toEqual([other, path, 421]);
      }
    }
    expect((await host.getTls("a.test", "/plain.txt", { sni: "own.test" })).status).toBe(421);
    for (const [own, sni] of [
      ["www.a.test", "a.test"],
      ["a.test", "www.a.test"],
    ] as const) {
      expect(await host.getTls(own, "/plain.txt", { sni })).toMatchObject({ status: 200, body: "plain" });
    }
  });

  it("of one site is no way to another over HTTP/2 either, or with a session that was resumed", async () => {
    expect(await overHttp2("a.test", ["a.test", "www.a.test", "b.test", "a.test"])).toEqual([200, 200, 421, 200]);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const { session } = await speak("a.test", { version, host: "a.test" });
      const again = await speak("a.test", { version, host: "a.test", session });
      expect([version, again.resumed, again.status]).toEqual([version, true, 200]);
      expect((await speak("a.test", { version, host: "b.test", session })).status).toBe(421);
      const unknown = await speak("unknown.test", { version, host: "b.test", session }).catch(() => undefined);
      expect([undefined, 421]).toContain(unknown?.status);
    }
  });
});

describe("a request over HTTPS", () => {
  it("is answered as over HTTP, and a script knows", async () => {
    const { http, https } = host.info.ports;
    expect((await host.get("a.test", "/")).body).toBe(`|http|${http}|127.0.0.1`);
    expect((await host.getTls("a.test", "/")).body).toBe(`on|https|${https}|127.0.0.1`);
    for (const path of ["/plain.txt", "/none.txt", "/.env", "/index.php/a"]) {
      const [plain, secure] = [await host.get("a.test", path), await host.getTls("a.test", path)];
      expect([path, secure.status]).toEqual([path, plain.status]);
    }
    expect((await host.getTls("go.test", "/x")).headers.location).toBe("https://example.com/$host");
    expect((await host.get("go.test", "/x")).headers.location).toBe("https://example.com/$host");
  });

  it("speaks HTTP/2, and no TLS before 1.2", async () => {
    expect(await overHttp2("forced.test", ["forced.test"])).toEqual([200]);
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
    await expect(handshake("a.test", old)).rejects.toThrow(/alert/);
  });
});

describe("a site that is there over HTTPS only", () => {
  it("sends every request there, with all of its address", async () => {
    const to = `https://forced.test:${host.info.ports.https}`;
    for (const path of [
      "/",
      "/plain.txt?a=b%20c&d",
      "/index.php/x",
      "//x",
      "/.well-known/acme-challenges/x",
      "/none",
    ]) {
      const answer = await host.get("FORCED.test.", path, { method: path === "/" ? "POST" : "GET" });
      expect([answer.status, answer.headers.location, answer.headers[hsts]]).toEqual([301, `${to}${path}`, undefined]);
    }
    expect((await host.getTls("forced.test", "/plain.txt")).body).toBe("plain");
  });

  it("answers challenges over HTTP", async () => {
    expect(await host.get("forced.test", "/.well-known/acme-challenge/token")).toMatchObject({
      status: 200,
      body: "t",
    });
    expect((await host.get("forced.test", "/.well-known/acme-challenge/none")).status).toBe(404);
    expect((await host.get("forced.test", "/.well-known/acme-challenge/../../plain.txt")).status).toBe(301);
  });

  it("says that it is suspended on both", async () => {
    for (const answer of [await host.get("susp.test", "/x"), await host.getTls("susp.test", "/x")]) {
      expect([answer.status, answer.body.includes("suspended")]).toEqual([503, true]);
    }
  });
});

describe("HSTS", () => {
  it("is sent over HTTPS alone, with whatever answer", async () => {
    for (const [name, path, status] of [
      ["forced.test", "/plain.txt", 200],
      ["forced.test", "/index.php", 200],
      ["forced.test", "/none.txt", 404],
      ["susp.test", "/", 503],
      ["go.test", "/", 302],
    ] as const) {
      const answer = await host.getTls(name, path);
      expect([name, answer.status, answer.headers[hsts]]).toEqual([name, status, "max-age=3600"]);
      expect((await host.get(name, path)).headers[hsts]).toBeUndefined();
    }
    expect((await host.getTls("a.test", "/plain.txt")).headers[hsts]).toBeUndefined();
  });

  it("stays where an admin's text adds headers of its own", async () => {
    const seen = async (path: string) => {
      const { headers } = await host.getTls("own.test", path);
      return [headers[hsts], headers["x-server"], headers["x-more"], headers["x-if"]];
    };
    expect(await seen("/plain.txt")).toEqual(["max-age=0", "own", undefined, undefined]);
    expect(await seen("/more/plain.txt")).toEqual(["max-age=0", undefined, "more", undefined]);
    expect(await seen("/more/plain.txt?a=1")).toEqual(["max-age=0", undefined, undefined, "if"]);
    expect((await host.get("own.test", "/more/plain.txt")).headers[hsts]).toBeUndefined();
  });
});

function of(name: string): SiteUnit {
  return units.get(name) as SiteUnit;
}

function certificateOf(name: string): string {
  return of(name).https.certificate;
}

function layHome(): void {
  const root = join(host.info.paths.homes, "john/public");
  const put = (path: string, text: string) => writeFileSync(join(root, path), text);
  mkdirSync(join(root, ".well-known/acme-challenge"), { recursive: true });
  put("plain.txt", "plain");
  put(".env", "secret");
  put(".well-known/acme-challenge/token", "t");
  const fields = ["HTTPS", "REQUEST_SCHEME", "SERVER_PORT", "REMOTE_ADDR"].map((name) => `$_SERVER['${name}'] ?? ''`);
  put("index.php", `<?php echo implode('|', [${fields.join(", ")}]);`);
}

function sites(): SiteUnit[] {
  const home = join(host.info.paths.homes, "john");
  const php = { socket: phpSocket };
  const one = (name: string, patch: Partial<SiteUnit> = {}, https: Partial<SiteUnit["https"]> = {}): SiteUnit => {
    const names = [name, `www.${name}`];
    const unit = testSite(name, {
      names,
      account: { username: "john", home },
      root: join(home, "public"),
      php,
      ...patch,
    });
    const { fingerprint } = host.certify(unit.https.file, names);
    return { ...unit, https: { ...unit.https, certificate: fingerprint, ...https } };
  };
  const redirect = { to: "https://example.com/$host", code: 302 } as const;
  return [
    one("a.test"),
    one("b.test"),
    one("none.test", {}, { file: "certificates/00/away.pem" }),
    one("forced.test", {}, { force: true, hsts: 3600 }),
    one("susp.test", { state: "suspended" }, { force: true, hsts: 3600 }),
    one("go.test", { kind: "redirect", root: null, php: null, redirect }, { force: true, hsts: 3600 }),
    one("own.test", { includes: { nginx: ownText.replace("ROOT", join(home, "public")) } }, { hsts: 0 }),
  ];
}

function handshake(servername: string, more: object): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: host.info.ports.https, servername, rejectUnauthorized: false, ...more };
    const socket = connect(options, () => resolve(socket)).once("error", reject);
  });
}

interface Spoken {
  readonly version: "TLSv1.2" | "TLSv1.3";
  readonly host: string;
  readonly session?: Buffer | undefined;
}

/** One request on a TLS connection, which may resume a session. */
async function speak(servername: string, { version, host: name, session }: Spoken) {
  const socket = await handshake(servername, { minVersion: version, maxVersion: version, session });
  const resumed = socket.isSessionReused();
  let last = socket.getSession();
  socket.on("session", (next) => {
    last = next;
  });
  socket.write(`GET /plain.txt HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(Buffer.concat(parts).toString())?.[1]);
  return { status, session: last, resumed };
}

/** Statuses of `/plain.txt` of these hosts, all on one HTTP/2 connection. */
async function overHttp2(sni: string, names: readonly string[]): Promise<number[]> {
  const socket = await handshake(sni, { ALPNProtocols: ["h2"] });
  expect([socket.alpnProtocol, fingerprintOf(socket)]).toEqual(["h2", certificateOf(sni)]);
  const session = connectHttp2(`https://${sni}`, { createConnection: () => socket });
  const statuses: number[] = [];
  for (const name of names) {
    const stream = session.request({ ":path": "/plain.txt", ":authority": name });
    statuses.push(
      await new Promise((resolve) => stream.on("response", (headers) => resolve(Number(headers[":status"])))),
    );
    stream.resume();
  }
  session.destroy();
  return statuses;
}
