import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type AnswerStatus, answerPage, answerStatuses, type SiteUnit, suspendedPage } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer, Question } from "../../test/harness/ask.ts";
import { createNginxProvider } from "./provider.ts";
import { createLiveHost, type LiveHost, until } from "./testing/live-host.ts";
import { phpSocket, startPhp } from "./testing/php.ts";
import { testSite } from "./testing/site.ts";

const html = "text/html; charset=utf-8";
const hsts = "strict-transport-security";

/** Answers of nginx that take a fault of the server or of the admin to see. */
const returned = answerStatuses.filter((status) => status > 302);
const ownText = `add_header X-Own own always;
error_page 404 /page.txt;
error_page 301 302 503 /page.txt;
${returned.map((status) => `location = /${status} { return ${status}; }`).join("\n")}
location /in { error_page 403 /page.txt; return 403; }`;

let host: LiveHost;
let endPhp: () => void;

beforeAll(async () => {
  host = await createLiveHost();
  const provider = createNginxProvider(host.info);
  for (const [path, text] of [
    ["page.txt", "page"],
    ["sub/page.txt", "page"],
    [
      "own.php",
      '<?php http_response_code((int) $_GET["s"]); header("Content-Type: text/plain"); echo "of the script";',
    ],
  ] as const) {
    mkdirSync(dirname(join(rootOf(), path)), { recursive: true });
    writeFileSync(join(rootOf(), path), text);
  }
  const sites = units().map((unit) => provider.render(unit.names[0] as string, unit));
  const relay = provider.relay("gone.test", testSite("gone.test"), { http: 1, https: 0 });
  host.write(provider.base(host.front), provider.generation(1), ...sites, relay);
  expect(host.test()).toEqual({ status: 0, output: "" });
  endPhp = await startPhp(host);
  await host.start();
});

afterAll(async () => {
  endPhp();
  await host.stop();
});

const rootOf = () => join(host.info.paths.homes, "john");

function units(): SiteUnit[] {
  const site = (name: string, patch: Partial<SiteUnit> = {}): SiteUnit => {
    const unit = testSite(name, { account: { username: "john", home: rootOf() }, root: rootOf(), ...patch });
    host.certify(unit.https.file, unit.names);
    return { ...unit, https: { ...unit.https, hsts: 60, ...patch.https } };
  };
  const to = (code: 301 | 302) =>
    ({ kind: "redirect", root: null, redirect: { to: "https://x.test/a?b=%20", code } }) as const;
  const includes = { nginx: ownText };
  const { https } = testSite("forced.test");
  return [
    site("a.test", { php: { socket: phpSocket } }),
    site("static.test"),
    site("dead.test", { php: { socket: "php/none.sock" } }),
    site("forced.test", { https: { ...https, force: true } }),
    site("r301.test", to(301)),
    site("r302.test", to(302)),
    site("susp.test", { state: "suspended" }),
    site("own.test", { includes }),
    site("own301.test", { ...to(301), includes }),
    site("ownsusp.test", { state: "suspended", includes }),
    ...[
      "deny all;",
      "return 403;",
      "client_max_body_size 1; default_type text/x-own; charset koi8-r; rewrite ^(.*)$ /none.php last;",
    ].map((nginx, at) => site(`text${at}.test`, { includes: { nginx } })),
  ];
}

function expectPage(answer: Answer, status: AnswerStatus): void {
  expect([answer.status, answer.headers["content-type"], answer.body]).toEqual([status, html, answerPage(status)]);
}

describe("an answer nginx gives itself has the page of its status", () => {
  const mega = 1024 * 1024;
  const large = { method: "POST", headers: { "content-length": String(65 * mega), expect: "100-continue" } };

  it.each<readonly [AnswerStatus, string, string, Partial<Question>]>([
    [404, "a.test", "/none.txt", {}],
    [404, "a.test", "/deep/er/none.txt?x", {}],
    [404, "a.test", "/none.php", {}],
    [404, "a.test", "/.env", {}],
    [404, "a.test", "/none.txt", { method: "POST", body: "a=1" }],
    [405, "a.test", "/none.txt", { method: "PUT", body: "a=1" }],
    [404, "a.test", "/none.txt", { headers: { "if-none-match": "*", range: "bytes=0-1", "accept-encoding": "gzip" } }],
    [404, "a.test", "/.patchbay/pages/403.html", {}],
    [404, "a.test", "/.patchbay/pages/suspended.html", {}],
    [404, "unknown.test", "/page.txt", {}],
    [404, "unknown.test", "/.patchbay/pages/403.html", {}],
    [301, "a.test", "/sub", {}],
    [403, "a.test", "/sub/", {}],
    [403, "static.test", "/own.php", {}],
    [405, "static.test", "/page.txt", { method: "POST", body: "a=1" }],
    [413, "a.test", "/own.php", large],
    [413, "static.test", "/page.txt", large],
    [502, "dead.test", "/own.php", {}],
    [502, "gone.test", "/any", {}],
    [301, "r301.test", "/any?thing", {}],
    [302, "r302.test", "/any?thing", { method: "POST", body: "a=1" }],
    [301, "forced.test", "/none", {}],
    [301, "r301.test", "/", large],
    [403, "text0.test", "/page.txt", {}],
    [403, "text1.test", "/page.txt", {}],
    [403, "text2.test", "/page.txt", {}],
    ...returned
      .filter((status) => status !== 404 && status !== 503)
      .map((status) => [status, "own.test", `/${status}`, {}] as const),
  ])("%i of %s%s", async (status, name, path, more) => {
    expectPage(await host.get(name, path, more), status);
  });

  it("421, over the connection of another site", async () => {
    for (const name of ["static.test", "susp.test", "own.test"])
      expectPage(await host.getTls(name, "/page.txt", { sni: "a.test" }), 421);
  });

  it("without it when only the head is asked for", async () => {
    const { body, headers, status } = await host.get("a.test", "/none.txt", { method: "HEAD" });
    expect([status, headers["content-length"], body]).toEqual([404, String(answerPage(404).length), ""]);
  });

  it("and says nothing of the server beyond that", async () => {
    const { headers } = await host.get("a.test", "/none.txt");
    expect(headers["etag"]).toBeUndefined();
    for (const status of answerStatuses) expect(answerPage(status)).not.toMatch(/nginx|apache|[$%\\\n]|\.test/i);
  });
});

describe("the headers of such an answer", () => {
  it("name exactly the target", async () => {
    const { https } = host.info.ports;
    for (const [name, path, location] of [
      ["r301.test", "/x?y", "https://x.test/a?b=%20"],
      ["r302.test", "/x?y", "https://x.test/a?b=%20"],
      ["forced.test", "/x?y=%20", `https://forced.test:${https}/x?y=%20`],
      ["a.test", "/sub?y", "/sub/?y"],
    ] as const)
      expect([name, (await host.get(name, path)).headers.location]).toEqual([name, location]);
  });

  it("keep HSTS over HTTPS, and what an admin adds to a whole site", async () => {
    for (const [name, path, status] of [
      ["a.test", "/none", 404],
      ["r301.test", "/", 301],
      ["susp.test", "/", 503],
    ] as const) {
      const answer = await host.getTls(name, path);
      expect([name, answer.status, answer.headers[hsts]]).toEqual([name, status, "max-age=60"]);
      expect((await host.get(name, path)).headers[hsts]).toBeUndefined();
    }
    const own = await host.getTls("own.test", "/403");
    expect([own.status, own.headers[hsts], own.headers["x-own"]]).toEqual([403, "max-age=60", "own"]);
  });

  it("of a suspended site send nobody away for good", async () => {
    for (const name of ["susp.test", "ownsusp.test"]) {
      for (const method of ["GET", "POST", "PUT"]) {
        const { body, headers, status } = await host.get(name, "/page.txt", { method });
        expect([name, status, body]).toEqual([name, 503, suspendedPage]);
        expect(headers).toMatchObject({ "content-type": html, "retry-after": "3600", "cache-control": "no-store" });
      }
    }
  });
});

describe("a page of somebody else", () => {
  it("stays when it is a script's", async () => {
    for (const status of [403, 404, 500, 503]) {
      const answer = await host.get("a.test", `/own.php?s=${status}`);
      expect([answer.status, answer.headers["content-type"], answer.body]).toEqual([
        status,
        "text/plain;charset=UTF-8",
        "of the script",
      ]);
    }
  });

  it("stays when an admin's text names it, apart from the panel's own answers", async () => {
    for (const [path, status] of [
      ["/none", 404],
      ["/in", 403],
      ["/sub", 301],
      ["/503", 503],
    ] as const) {
      const answer = await host.get("own.test", path);
      expect([path, answer.status, answer.body]).toEqual([path, status, "page"]);
    }
    expectPage(await host.get("own301.test", "/"), 301);
  });
});

it("such an answer is one line of the log, with the address that was asked for", async () => {
  await host.get("static.test", "/a/b?once");
  await host.get("r301.test", "/a/b?once");
  await host.get("static.test", "/page.txt?last");
  const log = (name: string) => readFileSync(join(host.info.paths.log, "web-nginx", name), "utf8");
  await until(async () => log("static.test.access.log").includes("?last"));
  for (const [file, status] of [
    ["static.test.access.log", 404],
    ["static.test.error.log", 404],
    ["r301.test.access.log", 301],
  ] as const) {
    const lines = log(file)
      .split("\n")
      .filter((line) => line.includes("?once"));
    expect([file, lines.length, lines[0]?.includes(`"GET /a/b?once HTTP/1.1" ${status}`)]).toEqual([file, 1, true]);
  }
  expect(log("static.test.access.log")).not.toContain(".patchbay");
});
