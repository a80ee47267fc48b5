import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SiteUnit } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../test/harness/ask.ts";
import { createNginxProvider } from "./provider.ts";
import { createLiveHost, type LiveHost, until } from "./testing/live-host.ts";
import { phpSocket, startPhp } from "./testing/php.ts";
import { testSite } from "./testing/site.ts";

const stranger = "203.0.113.9";
const probePath = "/.well-known/patchbay/site";

let front: LiveHost;
let side: LiveHost;
let endPhp: () => void;
let units: readonly SiteUnit[];

/** One nginx at the front, which passes every site on to another beside it; `direct.test` it serves itself. */
beforeAll(async () => {
  front = await createLiveHost();
  const first = createNginxProvider(front.info);
  const direct = siteIn(front, "direct.test");
  front.write(first.base(front.front), first.generation(1), first.render("direct.test", direct));
  await front.start();
  side = await createLiveHost(front.info);
  units = [
    siteIn(side, "php.test"),
    siteIn(side, "forced.test", {}, { force: true, hsts: 60 }),
    siteIn(side, "susp.test", { state: "suspended" }),
    siteIn(side, "own.test", { includes: { nginx: "add_header X-Own own always;" } }),
  ];
  endPhp = await startPhp(side);
  const provider = createNginxProvider(side.info);
  side.write(
    provider.base(side.side),
    provider.generation(5),
    ...units.map((unit) => provider.render(keyOf(unit), unit)),
  );
  expect(side.test()).toEqual({ status: 0, output: "" });
  await side.start();
  front.write(first.generation(2), ...units.map((unit) => first.relay(keyOf(unit), unit, side.side.ports)));
  await reloaded(front, 2);
});

afterAll(async () => {
  endPhp();
  await front.stop();
  await side.stop();
});

describe("a site at the side", () => {
  it("is probed through the front as any other", async () => {
    const provider = createNginxProvider(front.info);
    for (const unit of units) {
      for (const probe of provider.relay(keyOf(unit), unit, side.side.ports).probes ?? []) {
        if (probe.kind !== "http") throw new Error("no probe of HTTP");
        const answer = await front[probe.port === "https" ? "getTls" : "get"](probe.host, probe.path);
        expect(answer).toMatchObject({ status: 200, body: probe.body });
        expect(answer.certificate).toBe(probe.certificate);
      }
    }
  });

  it("tells no stranger its fingerprint, through whom he asks", async () => {
    const headers = { "x-forwarded-for": stranger };
    for (const port of [side.side.ports.http, front.front.ports.http]) {
      expect((await side.get("php.test", probePath, { port })).status).toBe(200);
      expect((await side.get("php.test", probePath, { port, headers })).status).toBe(404);
    }
  });

  it("runs scripts and writes its log as if there were no relay", async () => {
    const { http, https } = front.info.ports;
    const from = "127.0.0.9";
    expect((await front.get("php.test", "/", { from })).body).toBe(`|http|${http}|${from}|php.test|http`);
    expect((await front.getTls("php.test", "/", { from })).body).toBe(`on|https|${https}|${from}|php.test|https`);
    await front.get("php.test", "/?by-nine", { from: "127.0.0.9" });
    const log = join(side.info.paths.log, "web-nginx/php.test.access.log");
    await until(async () => /^127\.0\.0\.9 .*by-nine/m.test(readFileSync(log, "utf8")));
  });

  it("knows of HTTPS by its connection, never by what a client says", async () => {
    const { http, https } = front.info.ports;
    const headers = { "x-forwarded-proto": "https" };
    for (const port of [http, side.side.ports.http]) {
      expect((await front.get("php.test", "/", { port, headers })).body).toMatch(new RegExp(`^\\|http\\|${http}\\|`));
      const forced = await front.get("forced.test", "/", { port, headers });
      expect([forced.status, forced.headers["strict-transport-security"]]).toEqual([301, undefined]);
    }
    for (const port of [https, side.side.ports.https]) {
      const claim = { port, headers: { "x-forwarded-proto": "http" } };
      expect((await front.getTls("php.test", "/", claim)).body).toMatch(new RegExp(`^on\\|https\\|${https}\\|`));
      expect((await front.getTls("forced.test", "/", claim)).status).toBe(200);
    }
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
    expect((await front.get("own.test", "/")).headers["x-own"]).toBe("own");
  });

  it("is 502 for everybody while its server is away, and nobody else's", async () => {
    await side.stop();
    expect((await front.get("php.test", "/")).status).toBe(502);
    expect((await front.get("direct.test", "/plain.txt")).body).toBe("plain");
  });
});

describe("the headers of a relay", () => {
  const headers = { "x-forwarded-for": stranger, "x-forwarded-proto": "https" };
  const log = () => readFileSync(join(front.info.paths.log, "web-nginx/direct.test.access.log"), "utf8");

  it("are believed on the side ports, from this host", async () => {
    await front.get("direct.test", "/plain.txt?side", { port: front.front.ports.http, headers });
    await until(async () => log().includes("?side"));
    expect(log()).toMatch(new RegExp(`^${stranger} .*\\?side`, "m"));
  });

  it("are not believed on the public ports, from nobody", async () => {
    expect((await front.get("direct.test", probePath, { headers })).status).toBe(200);
    await front.get("direct.test", "/plain.txt?public", { headers });
    await front.getTls("direct.test", "/plain.txt?secure", { headers });
    await until(async () => log().includes("?public") && log().includes("?secure"));
    expect(log()).toMatch(/^127\.0\.0\.1 .*\?public/m);
    expect(log()).toMatch(/^127\.0\.0\.1 .*\?secure/m);
  });
});

describe("changing between front and side", () => {
  it("opens and closes the public ports, and keeps those at the side", async () => {
    const provider = createNginxProvider(front.info);
    const answers = async (port: number, sni?: string) => {
      const more = sni === undefined ? {} : { sni };
      return ask({ port, host: "direct.test", path: "/plain.txt", ...more }).then(
        ({ body }) => body,
        (error: NodeJS.ErrnoException) => error.code,
      );
    };
    const { http, https } = front.info.ports;
    const all = async () => [
      await answers(http),
      await answers(https, "direct.test"),
      await answers(front.front.ports.http),
      await answers(front.front.ports.https, "direct.test"),
    ];
    expect(await all()).toEqual(["plain", "plain", "plain", "plain"]);
    for (const generation of [10, 20]) {
      front.write(provider.base(front.side), provider.generation(generation));
      await reloaded(front, generation);
      await until(async () => (await answers(http)) === "ECONNREFUSED");
      expect(await all()).toEqual(["ECONNREFUSED", "ECONNREFUSED", "plain", "plain"]);
      front.write(provider.base(front.front), provider.generation(generation + 1));
      await reloaded(front, generation + 1);
      expect(await all()).toEqual(["plain", "plain", "plain", "plain"]);
    }
  });
});

describe("the admin's own files", () => {
  it("are read last, and may be absent", async () => {
    const directory = join(front.info.paths.etc, "web-nginx/local.d");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "own.conf"), "gzip on;\ngzip_types text/plain;\ngzip_min_length 1;\n");
    front.write(createNginxProvider(front.info).generation(40));
    await reloaded(front, 40);
    const zipped = async () =>
      (await front.get("direct.test", "/plain.txt", { headers: { "accept-encoding": "gzip" } })).headers;
    await until(async () => (await zipped())["content-encoding"] === "gzip");
    writeFileSync(join(directory, "own.conf"), "no_such_directive on;\n");
    expect(front.test().output).toContain("local.d/own.conf");
  });
});

const keyOf = (unit: SiteUnit) => unit.names[0] as string;

async function reloaded(host: LiveHost, generation: number): Promise<void> {
  host.reload();
  const asked = { port: host.side.ports.http, host: "generation.invalid", path: "/.well-known/patchbay/generation" };
  await until(async () => (await ask(asked)).body === String(generation));
}

/** A site of a host, with the certificate that visitors see at the front; the one at the side is another here. */
function siteIn(
  host: LiveHost,
  name: string,
  patch: Partial<SiteUnit> = {},
  https: Partial<SiteUnit["https"]> = {},
): SiteUnit {
  const home = join(host.info.paths.homes, "john");
  const root = join(home, "public");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "plain.txt"), "plain");
  const fields = ["HTTPS", "REQUEST_SCHEME", "SERVER_PORT", "REMOTE_ADDR", "HTTP_HOST", "HTTP_X_FORWARDED_PROTO"];
  const values = fields.map((field) => `$_SERVER['${field}'] ?? ''`);
  writeFileSync(join(root, "index.php"), `<?php echo implode('|', [${values.join(", ")}]);`);
  const unit = testSite(name, { account: { username: "john", home }, root, php: { socket: phpSocket }, ...patch });
  host.certify(unit.https.file, unit.names);
  const { fingerprint } = front.certify(unit.https.file, unit.names);
  return { ...unit, https: { ...unit.https, certificate: fingerprint, ...https } };
}
