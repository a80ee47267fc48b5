import { createHash } from "node:crypto";
import type { SiteUnit } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { phpSocketOf, until } from "./testing/daemons.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

const longName = [63, 63, 63, 61].map((length) => "a".repeat(length)).join(".");
const target = `https://example.com/$host/${"${PATH}"};"{}'#|? a=1&\\n%{HTTP_HOST}$1%1%%\\`;
const oddRoot = 'public $html\'s | {a}"c" ${PATH} é';

const ownText = 'Header always set X-Own "a;b {c}"\n<Location "/deep">\n  Header set X-Deep yes\n</Location>';

describe("Apache serves what the units say", () => {
  let host: LiveHost;

  beforeAll(async () => {
    host = await createLiveHost();
    layHome(host);
    host.serve(host.front, sites(host), 7);
    expect(host.test()).toEqual({ status: 0, output: "Syntax OK\n" });
    await Promise.all([host.php("john"), host.start()]);
  });

  afterAll(() => host.stop());

  it("answers its generation and each site's fingerprint, but only near", async () => {
    expect((await host.get("generation.invalid", "/.well-known/patchbay/generation")).body).toBe("7");
    expect((await host.get("php.test", "/.well-known/patchbay/generation")).status).toBe(404);
    for (const unit of sites(host)) {
      for (const probe of host.provider.render(unit.names[0] as string, unit).probes ?? []) {
        if (probe.kind !== "http") throw new Error("no probe");
        const ask = probe.port === "https" ? host.getTls : host.get;
        const { body, certificate, status } = await ask(probe.host, probe.path);
        expect({ status, body, certificate }).toEqual({
          status: 200,
          body: probe.body,
          certificate: probe.certificate,
        });
      }
    }
    expect((await host.get("any.test", "/.well-known/patchbay/site")).status).toBe(404);
  });

  it("serves files and PHP of a site under all of its names, whatever their case", async () => {
    for (const name of ["php.test", "www.php.test", "PHP.test.", "php.test:8080"]) {
      expect((await host.get(name, "/plain.txt")).body).toBe("plain");
      expect((await host.get(name, "/")).body).toBe("index.php||/index.php|");
    }
    expect((await host.get("php.test", "/index.php/a/b?x=1")).body).toBe("index.php|/a/b|/index.php|");
    expect((await host.getTls("php.test", "/index.php")).body).toBe("index.php||/index.php|on");
    expect((await host.get("static.test", "/plain.txt")).body).toBe("static");
    expect((await host.get(longName, "/plain.txt")).body).toBe("static");
    expect((await host.get("many39.test", "/plain.txt")).body).toBe("static");
  });

  it("gives a script the body it was sent, whole, by whatever way", async () => {
    const body = Buffer.alloc(3_000_000, "abc");
    const sum = createHash("md5").update(body).digest("hex");
    expect((await host.get("php.test", "/sum.php", { method: "POST", body })).body).toBe(sum);
    expect((await host.get("php.test", "/sum.php", { method: "POST", body, chunked: true })).body).toBe(sum);
    expect((await host.get("php.test", "/", { method: "POST", body: "a=1" })).body).toBe("index.php||/index.php|");
    const large = {
      method: "POST",
      headers: { "content-length": String(64 * 1024 * 1024 + 1), expect: "100-continue" },
    };
    expect((await host.get("php.test", "/sum.php", large)).status).toBe(413);
  });

  it("never shows scripts, hidden files, lists, or files behind foreign links", async () => {
    expect((await host.get("static.test", "/code.php")).status).toBe(403);
    expect((await host.get("static.test", "/none.php/x")).status).toBe(403);
    for (const path of [
      "/none.php",
      "/none.php/x",
      "/plain.txt/x.php",
      "/dir.php",
      "/.env",
      "/.git/config",
      "/.htaccess",
    ]) {
      const answer = await host.get("php.test", path);
      expect([path, [301, 404].includes(answer.status), answer.body.includes("File not found.")]).toEqual([
        path,
        true,
        false,
      ]);
    }
    expect((await host.get("php.test", "/sub/")).status).toBe(404);
    expect((await host.get("php.test", "/.well-known/security.txt")).body).toBe("contact");
    if (!host.info.multiUser) return;
    for (const path of ["/foreign.txt", "/foreign.php", "/foreign/plain.txt"])
      expect([path, (await host.get("php.test", path)).status]).toEqual([path, 403]);
    expect((await host.get("linked.test", "/plain.txt")).status).toBe(403);
    expect((await host.get("php.test", "/own.txt")).body).toBe("plain");
  });

  it("serves a site whose directory lies in that of another", async () => {
    expect((await host.get("inner.test", "/plain.txt")).body).toBe("inner");
    expect((await host.get("static.test", "/inner/plain.txt")).body).toBe("inner");
  });

  it("sends visitors of a directory to its address, on the port they came to", async () => {
    const { http, https } = host.info.ports;
    expect((await host.get(`php.test:${http}`, "/sub?a=1")).headers.location).toBe(`http://php.test:${http}/sub/?a=1`);
    const secure = await host.getTls(`php.test:${https}`, "/sub", { sni: "php.test" });
    expect(secure.headers.location).toBe(`https://php.test:${https}/sub/`);
  });

  it("redirects to exactly the target", async () => {
    for (const [path, method] of [
      ["/any/path?q=1", "GET"],
      ["/x.php/.y?$1", "POST"],
    ] as const) {
      const answer = await host.get("go.test", path, { method });
      expect([answer.status, answer.headers.location]).toEqual([302, target]);
    }
    const moved = await host.getTls("moved.test", "/");
    expect([moved.status, moved.headers.location]).toEqual([301, "https://example.com/?"]);
    expect((await host.get("long.test", "/")).headers.location).toBe(longTarget);
  });

  it("answers a suspended site with 503 and a page, for every method and path", async () => {
    for (const [method, path] of [
      ["GET", "/"],
      ["POST", "/index.php"],
      ["GET", "/plain.txt"],
      ["GET", "/.env"],
    ] as const) {
      const answer = await host.get("susp.test", path, { method });
      expect([answer.status, answer.headers["retry-after"], answer.headers["cache-control"]]).toEqual([
        503,
        "3600",
        "no-store",
      ]);
      expect(answer.headers["content-type"]).toMatch(/^text\/html/);
      expect(answer.body).toContain("suspended");
    }
  });

  it("answers unknown hosts with 404", async () => {
    for (const name of ["unknown.test", "127.0.0.1", "_", "php.test.evil.test", "nobody.invalid", "localhost"]) {
      expect([name, (await host.get(name, "/plain.txt")).status]).toEqual([name, 404]);
    }
  });

  it("adds an admin's text to one site only", async () => {
    expect((await host.get("own.test", "/")).headers["x-own"]).toBe("a;b {c}");
    expect((await host.get("own.test", "/plain.txt")).body).toBe("static");
    expect((await host.get("own.test", "/deep/x.txt")).headers["x-deep"]).toBe("yes");
    expect((await host.get("static.test", "/plain.txt")).headers["x-own"]).toBeUndefined();
  });

  it("tells no more of itself than its name", async () => {
    const answer = await host.get("static.test", "/plain.txt");
    expect(answer.headers).toMatchObject({ server: "Apache", "content-type": "text/plain" });
    expect(answer.headers.upgrade).toBeUndefined();
    expect((await host.get("static.test", "/plain.txt", { method: "TRACE" })).status).toBe(405);
    expect((await host.get("static.test", "/none.txt")).body).not.toMatch(/Apache|static\.test/);
  });

  it("logs each site's requests, and those that failed", async () => {
    await host.get("www.php.test", "/plain.txt?mark");
    await host.get("static.test", "/missing?mark");
    await host.get("go.test", "/logged");
    await host.get("unknown.test", "/nobody?mark");
    await until(async () => host.log("access.log").includes("/logged"));
    const lines = (name: string, path: string) =>
      host
        .log(name)
        .split("\n")
        .filter((line) => line.includes(path));
    expect(lines("access.log", "/plain.txt?mark").map((line) => line.split(" ")[0])).toEqual(["php.test"]);
    expect(lines("failed.log", "?mark").map((line) => line.split(" ")[0])).toEqual(["static.test"]);
    expect(host.log("access.log")).not.toContain("/nobody");
    expect(host.log("access.log")).not.toContain("patchbay");
  });

  it("takes up a changed unit on reload, and the probe tells", async () => {
    const changed = sites(host).map((unit) =>
      unit.names[0] === "static.test" ? { ...unit, names: ["static.test", "new.test"] } : unit,
    );
    host.serve(host.front, changed, 8);
    host.reload();
    const path = "/.well-known/patchbay/";
    await until(async () => (await host.get("generation.invalid", `${path}generation`)).body === "8");
    const [probe] = host.provider.render("static.test", changed[1] as SiteUnit).probes ?? [];
    expect((await host.get("new.test", `${path}site`)).body).toBe((probe as { body: string }).body);
  });
});

const longTarget = `https://example.com/?${"$".repeat(2000)}`;

function sites(host: LiveHost): SiteUnit[] {
  const home = `${host.info.paths.homes}/john`;
  const php = { socket: phpSocketOf("john") };
  const at = (name: string, directory: string, patch: Partial<SiteUnit> = {}) =>
    host.site("john", name, { root: `${home}/${directory}`, ...patch });
  const redirect = (name: string, to: string, code: 301 | 302) =>
    at(name, "x", { kind: "redirect", root: null, redirect: { to, code } });
  const many = Array.from(
    { length: 40 },
    (_, index) => `many${index}.${index === 39 ? "" : `${"m".repeat(60)}.${"m".repeat(60)}.`}test`,
  );
  return [
    at("php.test", oddRoot, { names: ["php.test", "www.php.test"], php }),
    at("static.test", "static"),
    at("inner.test", "static/inner"),
    at(longName, "static"),
    at("linked.test", "link"),
    at("many.test", "static", { names: ["many.test", ...many] }),
    redirect("go.test", target, 302),
    redirect("moved.test", "https://example.com/?", 301),
    redirect("long.test", longTarget, 301),
    at("susp.test", "public", { php, state: "suspended" }),
    at("own.test", "static", { includes: { apache: ownText } }),
  ];
}

function layHome(host: LiveHost): void {
  const put = (path: string, text: string) => host.put("john", path, text);
  const script =
    "<?php echo basename(__FILE__).'|'.($_SERVER['PATH_INFO'] ?? '').'|'.$_SERVER['SCRIPT_NAME'].'|'.($_SERVER['HTTPS'] ?? '');";
  put(`${oddRoot}/index.php`, script);
  put(`${oddRoot}/sum.php`, "<?php echo md5(file_get_contents('php://input'));");
  put(`${oddRoot}/plain.txt`, "plain");
  put(`${oddRoot}/sub/x.txt`, "x");
  put(`${oddRoot}/dir.php/x.txt`, "x");
  put(`${oddRoot}/.env`, "secret");
  put(`${oddRoot}/.git/config`, "secret");
  put(`${oddRoot}/.htaccess`, "# secret");
  put(`${oddRoot}/.well-known/security.txt`, "contact");
  put("static/plain.txt", "static");
  put("static/inner/plain.txt", "inner");
  put("static/deep/x.txt", "x");
  put("static/code.php", "<?php secret");
  host.put("jane", "public_html/plain.txt", "jane's");
  host.put("jane", "public_html/index.php", "<?php echo 'jane';");
  const foreign = `${host.info.paths.homes}/jane/public_html`;
  host.link("john", `${oddRoot}/foreign.txt`, `${foreign}/plain.txt`);
  host.link("john", `${oddRoot}/foreign.php`, `${foreign}/index.php`);
  host.link("john", `${oddRoot}/foreign`, foreign);
  host.link("john", `${oddRoot}/own.txt`, "plain.txt");
  host.link("john", "link", foreign);
}
