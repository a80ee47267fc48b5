import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { SiteUnit } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../../test/harness/site-certificate.ts";
import { phpSocketOf } from "./testing/daemons.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

let host: LiveHost;
const certificates = new Map<string, string>();

const challenge = "/.well-known/acme-challenge/token";

beforeAll(async () => {
  host = await createLiveHost();
  host.put("john", "public_html/page.txt", "page");
  host.put("john", "public_html/.well-known/acme-challenge/token", "token");
  host.put(
    "john",
    "public_html/https.php",
    "<?php echo $_SERVER['HTTPS'] ?? 'off', '|', $_SERVER['REQUEST_SCHEME'], '|', $_SERVER['SERVER_PORT'];",
  );
  host.serve(host.front, sites(), 1);
  expect(host.test()).toEqual({ status: 0, output: "Syntax OK\n" });
  await Promise.all([host.php("john"), host.start()]);
});

afterAll(() => host.stop());

function certified(name: string, patch: Partial<SiteUnit> = {}, https: Partial<SiteUnit["https"]> = {}): SiteUnit {
  const file = `certificates/${name}.pem`;
  if (!certificates.has(name)) certify(name);
  const certificate = certificates.get(name) as string;
  return host.site("john", name, { ...patch, https: { file, certificate, force: false, hsts: null, ...https } });
}

function certify(name: string): void {
  const { fingerprint, pem } = makeCertificate([name, `www.${name}`]);
  writeFileSync(join(host.info.paths.etc, `certificates/${name}.pem`), pem);
  certificates.set(name, fingerprint);
}

function sites(): SiteUnit[] {
  const php = { socket: phpSocketOf("john") };
  return [
    certified("a.test", { names: ["a.test", "www.a.test"], php }),
    certified("b.test"),
    certified("forced.test", { php }, { force: true, hsts: 600 }),
    certified("policy.test", {}, { hsts: 0 }),
    certified("own.test", { includes: { apache: "Header set X-Own yes" } }, { force: true, hsts: 5 }),
    certified("susp.test", { state: "suspended" }, { force: true, hsts: 7 }),
    certified(
      "go.test",
      { kind: "redirect", root: null, redirect: { to: "https://to.test/", code: 301 } },
      { hsts: 9 },
    ),
  ];
}

describe("a certificate", () => {
  it("is each site's own, under all of its names", async () => {
    for (const name of ["a.test", "www.a.test", "b.test"]) {
      const answer = await host.getTls(name, "/page.txt");
      expect([answer.body, answer.certificate]).toEqual(["page", certificates.get(name.replace("www.", ""))]);
    }
  });

  it("of the server is shown to who asks for no name, or for one that nobody has; and 404 or 421 is all there is", async () => {
    for (const sni of ["", "nobody.test", "x.a.test"]) {
      const answer = await host.getTls("nobody.test", "/page.txt", { sni });
      expect([sni, answer.status, answer.certificate]).toEqual([sni, 404, host.certificate.fingerprint]);
      for (const name of ["a.test", "b.test", "forced.test"]) {
        const other = await host.getTls(name, "/page.txt", { sni });
        expect([sni, name, [403, 421].includes(other.status), other.body.includes("page.txt")]).toEqual([
          sni,
          name,
          true,
          false,
        ]);
      }
    }
  });

  it("of one site is no way to another: 421", async () => {
    expect((await host.getTls("b.test", "/page.txt", { sni: "a.test" })).status).toBe(421);
    expect((await host.getTls("nobody.test", "/page.txt", { sni: "a.test" })).status).toBe(421);
    expect((await host.getTls("www.a.test", "/page.txt", { sni: "a.test" })).status).toBe(200);
  });

  it("of one site is no way to another over HTTP/2 either, which is spoken", async () => {
    const session = connect(`https://127.0.0.1:${host.info.ports.https}`, {
      servername: "a.test",
      rejectUnauthorized: false,
    });
    const ask = (name: string) =>
      new Promise<number>((resolve, reject) => {
        const stream = session.request({ ":path": "/page.txt", ":authority": name });
        stream
          .on("response", (headers) => resolve(Number(headers[":status"])))
          .on("error", reject)
          .resume();
      });
    session.on("error", () => {});
    expect([await ask("a.test"), await ask("www.a.test"), await ask("b.test"), await ask("nobody.test")]).toEqual([
      200, 200, 421, 421,
    ]);
    session.close();
  });

  it("that is new is shown after a reload", async () => {
    const before = certificates.get("b.test");
    certify("b.test");
    host.serve(host.front, sites(), 2);
    host.reload();
    await host.reloaded(2);
    const { certificate } = await host.getTls("b.test", "/page.txt");
    expect(certificate).toBe(certificates.get("b.test"));
    expect(certificate).not.toBe(before);
  });

  it("needs TLS 1.2 at least", async () => {
    const options = { host: "127.0.0.1", port: host.info.ports.https, servername: "a.test", rejectUnauthorized: false };
    const speak = (version: "TLSv1.1" | "TLSv1.2" | "TLSv1.3") =>
      new Promise<string>((resolve) => {
        const socket = connectTls({
          ...options,
          minVersion: version,
          maxVersion: version,
          ciphers: "DEFAULT:@SECLEVEL=0",
        });
        socket.on("secureConnect", () => resolve(`${socket.getProtocol()}`)).on("error", () => resolve("refused"));
        socket.on("secureConnect", () => socket.destroy());
      });
    expect([await speak("TLSv1.1"), await speak("TLSv1.2"), await speak("TLSv1.3")]).toEqual([
      "refused",
      "TLSv1.2",
      "TLSv1.3",
    ]);
  });

  it("of the server is a secret, and only that", () => {
    const secrets = (host.provider.base(host.front).files ?? []).filter(({ secret }) => secret).map(({ path }) => path);
    expect(secrets).toEqual(["default.pem"]);
    expect(readFileSync(join(host.info.paths.etc, "web-apache/apache2.conf"), "utf8")).not.toContain("PRIVATE");
  });
});

describe("HTTPS", () => {
  it("is known to a script", async () => {
    const { http, https } = host.info.ports;
    expect((await host.getTls("a.test", "/https.php")).body).toBe(`on|https|${https}`);
    expect((await host.get("a.test", "/https.php")).body).toBe(`off|http|${http}`);
  });

  it("that is forced gets every request, with all of its address; but no challenge", async () => {
    const secure = `https://forced.test:${host.info.ports.https}`;
    for (const path of [
      "/",
      "/page.txt?a=%20&b=%3f",
      "/x%3Fy/%7e",
      "/none/.env",
      "/https.php/x",
      "/%24host?$1",
      "/a%20b",
    ]) {
      const answer = await host.get("forced.test:1", path, { method: path === "/" ? "POST" : "GET" });
      const expected = path.includes(".env") ? [404, undefined] : [301, `${secure}${path}`];
      expect([answer.status, answer.headers.location]).toEqual(expected);
    }
    expect((await host.get("forced.test", challenge)).body).toBe("token");
    expect((await host.getTls("forced.test", "/page.txt")).body).toBe("page");
    expect((await host.get("own.test", "/page.txt")).status).toBe(301);
    expect((await host.getTls("own.test", "/page.txt")).headers["x-own"]).toBe("yes");
    expect((await host.get("a.test", "/page.txt")).status).toBe(200);
  });

  it("says how long it lasts, over HTTPS alone, with whatever answer", async () => {
    const policy = "strict-transport-security";
    for (const [name, age] of [
      ["forced.test", "600"],
      ["policy.test", "0"],
      ["own.test", "5"],
      ["susp.test", "7"],
      ["go.test", "9"],
    ]) {
      for (const path of ["/page.txt", "/none", "/.env"])
        expect([name, path, (await host.getTls(name as string, path)).headers[policy]]).toEqual([
          name,
          path,
          `max-age=${age}`,
        ]);
      expect((await host.get(name as string, "/page.txt")).headers[policy]).toBeUndefined();
    }
    expect((await host.getTls("forced.test", "/https.php")).headers[policy]).toBe("max-age=600");
    expect((await host.getTls("a.test", "/page.txt")).headers[policy]).toBeUndefined();
  });

  it("is no way round a suspension", async () => {
    expect((await host.getTls("susp.test", "/page.txt")).status).toBe(503);
    expect((await host.get("susp.test", challenge)).status).toBe(503);
  });
});
