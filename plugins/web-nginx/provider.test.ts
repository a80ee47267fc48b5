import { chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SiteUnit } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNginxProvider } from "./provider.ts";
import { createLiveHost, type LiveHost, until } from "./testing/live-host.ts";
import { phpSocket, startPhp } from "./testing/php.ts";
import { testSite } from "./testing/site.ts";

type Provider = ReturnType<typeof createNginxProvider>;

const longName = [63, 63, 63, 61].map((length) => "a".repeat(length)).join(".");
const target = `https://example.com/$host/${"${pb_site}"};"{}'#|? a=1&\\n`;

const ownText = 'location / {\n add_header X-Own "a;b {c}" always;\n add_header X-Also "${pb_d}host" always;\n}';

describe("nginx serves what the units say", () => {
  let host: LiveHost;
  let provider: Provider;
  let endPhp: () => void;

  beforeAll(async () => {
    host = await createLiveHost();
    provider = createNginxProvider(host.info);
    endPhp = await startPhp(host);
    layHome(host);
    host.write(provider.base(host.front), provider.generation(7), ...sites(host).map((unit) => render(provider, unit)));
    expect(host.test()).toEqual({ status: 0, output: "" });
    await host.start();
  });

  afterAll(async () => {
    endPhp();
    await host.stop();
  });

  it("answers its generation and each site's hash, but only near", async () => {
    expect((await host.get("any.test", "/.well-known/patchbay/generation")).body).toBe("7");
    for (const unit of sites(host)) {
      const [probe] = render(provider, unit).probes ?? [];
      if (probe?.kind !== "http") throw new Error("no probe");
      const answer = await host.get(probe.host, probe.path);
      expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: probe.body });
    }
    expect((await host.get("any.test", "/.well-known/patchbay/site")).status).toBe(404);
  });

  it("serves files and PHP of a site under all of its names, whatever their case", async () => {
    for (const name of ["php.test", "www.php.test", "PHP.test."]) {
      expect((await host.get(name, "/plain.txt")).body).toBe("plain");
      expect((await host.get(name, "/")).body).toBe(`index.php||/index.php`);
    }
    expect((await host.get("php.test", "/index.php/a/b?x=1")).body).toBe("index.php|/a/b|/index.php");
    expect((await host.get("static.test", "/plain.txt")).body).toBe("static");
    expect((await host.get(longName, "/plain.txt")).body).toBe("static");
  });

  it("never shows scripts, hidden files, or files behind foreign links", async () => {
    expect((await host.get("static.test", "/code.php")).status).toBe(403);
    expect((await host.get("php.test", "/plain.txt/x.php")).status).toBe(404);
    expect((await host.get("php.test", "/none.php")).status).toBe(404);
    for (const path of ["/.env", "/.git/config", "/.htaccess"]) {
      expect((await host.get("php.test", path)).status).toBe(404);
    }
    expect((await host.get("php.test", "/.well-known/security.txt")).body).toBe("contact");
    expect((await host.get("php.test", "/accel.php")).body).toContain("suspended");
    if (!host.info.multiUser) return;
    expect((await host.get("php.test", "/foreign.txt")).status).toBe(403);
    expect((await host.get("linked.test", "/plain.txt")).status).toBe(403);
  });

  it("redirects to exactly the target", async () => {
    const answer = await host.get("go.test", "/any/path?q=1");
    expect([answer.status, answer.headers.location]).toEqual([302, target]);
    const moved = await host.get("moved.test", "/");
    expect([moved.status, moved.headers.location]).toEqual([301, "https://example.com/"]);
  });

  it("answers a suspended site with 503 and a page, for every method and path", async () => {
    for (const [method, path] of [
      ["GET", "/"],
      ["POST", "/index.php"],
      ["GET", "/plain.txt"],
    ] as const) {
      const answer = await host.get("susp.test", path, { method });
      expect([answer.status, answer.headers["content-type"]]).toEqual([503, "text/html; charset=utf-8"]);
      expect(answer.body).toContain("suspended");
    }
    expect((await host.get("susp.test", "/.patchbay/pages/suspended.html")).status).toBe(503);
    expect((await host.get("php.test", "/.patchbay/pages/suspended.html")).status).toBe(404);
  });

  it("answers unknown hosts with 404", async () => {
    for (const name of ["unknown.test", "127.0.0.1", "_", "php.test.evil.test"]) {
      expect((await host.get(name, "/plain.txt")).status).toBe(404);
    }
  });

  it("adds an admin's text to one site only", async () => {
    const answer = await host.get("own.test", "/plain.txt");
    expect([answer.headers["x-own"], answer.headers["x-also"]]).toEqual(["a;b {c}", "$host"]);
    expect((await host.get("own.test", "/plain.txt")).body).toBe("static");
    expect((await host.get("static.test", "/plain.txt")).headers["x-own"]).toBeUndefined();
  });

  it("writes an access log and an error log per site", async () => {
    await host.get("static.test", "/plain.txt?mark");
    await host.get("static.test", "/missing?mark");
    const log = (name: string) => join(host.info.paths.log, "web-nginx", name);
    await until(async () => existsSync(log("static.test.error.log")));
    expect(readFileSync(log("static.test.access.log"), "utf8")).toContain("/plain.txt?mark");
    const errors = readFileSync(log("static.test.error.log"), "utf8");
    expect([errors.includes("/missing?mark"), errors.includes("/plain.txt")]).toEqual([true, false]);
    await host.get("go.test", "/logged");
    await until(async () => readFileSync(log("go.test.access.log"), "utf8").includes("/logged"));
  });

  it("logs a request however deep its path is", async () => {
    for (const [site, path, status] of [
      ["static.test", "/none/of/these?deep", 404],
      ["static.test", "/none/.hidden/x?deep", 404],
      ["static.test", "/some/code.php/a?deep", 403],
      ["php.test", "/sub/index.php/a?deep", 200],
      ["php.test", "/sub/sub/none.php?deep", 404],
      ["go.test", "/some/where/else?deep", 302],
      ["susp.test", "/some/where/else?deep", 503],
    ] as const) {
      expect([path, (await host.get(site, path)).status]).toEqual([path, status]);
      const log = status < 400 ? "access" : "error";
      const file = join(host.info.paths.log, "web-nginx", `${site}.${log}.log`);
      await until(async () => readFileSync(file, "utf8").includes(`"GET ${path} HTTP/1.1" ${status}`)).catch(() => {
        throw new Error(`${site}${path} is not in its log`);
      });
    }
  });

  it("takes up a changed unit on reload, and the probe tells", async () => {
    const changed = { ...site(host, "static.test", "static"), names: ["static.test", "new.test"] };
    const lines = sites(host).map((unit) => render(provider, unit.names[0] === "static.test" ? changed : unit));
    host.write(provider.base(host.front), provider.generation(8), ...lines);
    host.reload();
    await until(async () => (await host.get("any.test", "/.well-known/patchbay/generation")).body === "8");
    const [probe] = render(provider, changed).probes ?? [];
    await until(
      async () => (await host.get("new.test", "/.well-known/patchbay/site")).body === (probe as { body: string }).body,
    );
  });
});

function render(provider: Provider, unit: SiteUnit) {
  return provider.render(unit.names[0] as string, unit);
}

function site(host: LiveHost, name: string, directory: string): SiteUnit {
  const home = join(host.info.paths.homes, "john");
  return testSite(name, { account: { username: "john", home }, root: join(home, directory) });
}

function sites(host: LiveHost): SiteUnit[] {
  const php = { socket: phpSocket };
  const redirect = (name: string, to: string, code: 301 | 302): SiteUnit => ({
    ...site(host, name, "x"),
    kind: "redirect",
    root: null,
    redirect: { to, code },
  });
  return [
    { ...site(host, "php.test", "public $html's | {a}"), names: ["php.test", "www.php.test"], php },
    site(host, "static.test", "static"),
    site(host, longName, "static"),
    site(host, "linked.test", "link"),
    redirect("go.test", target, 302),
    redirect("moved.test", "https://example.com/", 301),
    { ...site(host, "susp.test", "public"), php, state: "suspended" },
    { ...site(host, "own.test", "static"), includes: { nginx: ownText } },
  ];
}

function layHome(host: LiveHost): void {
  const home = join(host.info.paths.homes, "john");
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const root = "public $html's | {a}";
  const script = "<?php echo basename(__FILE__).'|'.($_SERVER['PATH_INFO'] ?? '').'|'.$_SERVER['SCRIPT_NAME'];";
  put(`${root}/index.php`, script);
  put(`${root}/sub/index.php`, script);
  put(`${root}/accel.php`, "<?php header('X-Accel-Redirect: /.patchbay/pages/suspended.html');");
  put(`${root}/plain.txt`, "plain");
  put(`${root}/.env`, "secret");
  put(`${root}/.git/config`, "secret");
  put(`${root}/.htaccess`, "secret");
  put(`${root}/.well-known/security.txt`, "contact");
  put("static/plain.txt", "static");
  put("static/code.php", "<?php secret");
  const foreign = join(host.info.paths.homes, "jane", "public");
  mkdirSync(foreign, { recursive: true });
  writeFileSync(join(foreign, "plain.txt"), "jane's");
  symlinkSync(join(foreign, "plain.txt"), join(home, root, "foreign.txt"));
  symlinkSync(join(foreign, "plain.txt"), join(home, root, "suspended.html"));
  symlinkSync(foreign, join(home, "link"));
  if (host.info.multiUser) {
    for (const path of [foreign, join(foreign, "plain.txt")]) chownSync(path, 29_992, 29_992);
  }
}
