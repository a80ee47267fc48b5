import { type AnswerStatus, answerPage, suspendedPage } from "@patchbay/web/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { phpSocketOf } from "./testing/daemons.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

let host: LiveHost;

beforeAll(async () => {
  host = await createLiveHost();
  host.put("john", "public_html/page.txt", "page");
  host.put("john", "public_html/walled/.htaccess", "Require all denied\n");
  host.put("john", "public_html/broken/.htaccess", "NoSuchDirective on\n");
  host.put("john", "public_html/moved/.htaccess", "Redirect 302 /moved /page.txt\n");
  host.put("john", "public_html/own/.htaccess", 'ErrorDocument 404 "my own words"\nErrorDocument 403 /own/page.html\n');
  host.put("john", "public_html/own/walled/.htaccess", "Require all denied\n");
  host.put("john", "public_html/own/page.html", "my own page");
  host.put(
    "john",
    "public_html/script.php",
    '<?php http_response_code((int) $_GET["s"]); header("Content-Type: $_GET[t]"); echo "of the script";',
  );
  const { https } = host.site("john", "x.test");
  const php = { socket: phpSocketOf("john") };
  const away = host.site("jane", "away.test", { php: { socket: phpSocketOf("jane") } });
  host.put("jane", "public_html/index.php", "<?php");
  host.serve(host.front, [
    host.site("john", "a.test", { php }),
    host.site("john", "static.test"),
    host.site("john", "forced.test", { https: { ...https, force: true } }),
    host.site("john", "go.test", { kind: "redirect", root: null, redirect: { to: "https://x.test/", code: 301 } }),
    host.site("john", "susp.test", { state: "suspended" }),
    away,
  ]);
  await Promise.all([host.start(), host.php("john")]);
});

afterAll(() => host.stop());

describe("an answer without a file or a script", () => {
  it.each<readonly [host: string, path: string, AnswerStatus]>([
    ["a.test", "/none.txt", 404],
    ["a.test", "/none.php", 404],
    ["a.test", "/.env", 404],
    ["nobody.test", "/", 404],
    ["static.test", "/x.php", 403],
    ["a.test", "/walled/", 403],
    ["a.test", "/broken/", 500],
    ["a.test", "/own", 301],
    ["a.test", "/moved/", 302],
    ["forced.test", "/", 301],
    ["go.test", "/", 301],
  ])("of %s%s is the page every server sends: %i", async (name, path, status) => {
    const answer = await host.get(name, path);
    expect(answer).toMatchObject({ status, body: answerPage(status) });
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
  });

  it("is also that of a method, a size, a name and a script that cannot be served", async () => {
    const body = { method: "POST", headers: { "content-length": "99999999" } };
    expect(await host.get("a.test", "/", body)).toMatchObject({ status: 413, body: answerPage(413) });
    expect(await host.get("a.test", "/", { method: "TRACE" })).toMatchObject({ status: 405, body: answerPage(405) });
    const misdirected = await host.getTls("a.test", "/", { sni: "static.test" });
    expect(misdirected).toMatchObject({ status: 421, body: answerPage(421) });
    expect(await host.get("away.test", "/")).toMatchObject({ status: 503, body: answerPage(503) });
    expect(await host.get("susp.test", "/")).toMatchObject({ status: 503, body: suspendedPage });
  });
});

describe("the page of a tenant", () => {
  it("is sent as it is", async () => {
    expect(await host.get("a.test", "/own/none")).toMatchObject({ status: 404, body: "my own words" });
    const own = await host.get("a.test", "/own/walled/");
    expect(own).toMatchObject({ status: 403, body: "my own page", headers: { "content-type": "text/html" } });
  });

  it("is that of a script, whatever the status and the type", async () => {
    for (const status of [301, 403, 404, 500, 503]) {
      for (const type of ["text/plain", "text/html; charset=iso-8859-1"]) {
        const { body, headers, ...answer } = await host.get(
          "a.test",
          `/script.php?s=${status}&t=${encodeURIComponent(type)}`,
        );
        expect([answer.status, body, `${headers["content-type"]}`.toLowerCase()]).toEqual([
          status,
          "of the script",
          expect.stringContaining(type),
        ]);
      }
    }
  });
});
