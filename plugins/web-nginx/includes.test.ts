import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RenderingProvider } from "@patchbay/sdk";
import type { SiteUnit } from "@patchbay/web/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { includeFault } from "./includes.ts";
import { createNginxProvider } from "./provider.ts";
import { type Directive, parseNginx } from "./syntax.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

let host: LiveHost;
let provider: RenderingProvider<SiteUnit>;

beforeAll(async () => {
  host = await createLiveHost();
  provider = createNginxProvider(host.info);
});

afterAll(() => host.stop());

function unit(patch: Partial<SiteUnit>): SiteUnit {
  return {
    names: ["a.test"],
    kind: "site",
    account: { username: "john", home: "/homes/john" },
    state: "active",
    root: "/homes/john/public_html",
    php: { socket: "php/john-8.2.sock" },
    redirect: null,
    includes: {},
    ...patch,
  };
}

describe("a custom include", () => {
  it.each([
    "location / { try_files $uri $uri/ /index.php?$args; }",
    "# a comment with } and \"\nadd_header X-A 'b } c';\n",
    "rewrite ^/(\\d+)\\.html$ /page.php?id=$1 last;\nif ($request_method = TRACE) { return 405; }",
    "location ^~ /api/ { proxy_pass http://127.0.0.1:3000; proxy_set_header Host $host; }",
    "",
  ])("may change its own site: %j", (text) => {
    expect(includeFault(text)).toBeUndefined();
    const before = provider.render("b.test", unit({ names: ["b.test"] }));
    host.write(provider.base(), before, provider.render("a.test", unit({ includes: { nginx: text } })));
    expect(host.test()).toEqual({ status: 0, output: "" });
  });

  it.each([
    "} server { listen 1; server_name b.test;",
    "}",
    "location / {",
    "location / { return 200; ",
    'add_header X "open',
    "server { }",
    "map $a $b { default 1; }",
    "include /etc/passwd;",
    "access_log /tmp/x;",
    "location / { error_log /tmp/x; }",
    "listen 8080;",
    "server_name b.test;",
    "proxy_pass http://unix:/var/run/docker.sock:/;",
    "disable_symlinks off;",
    "set $pb_socket php/jane-8.2.sock;",
    "set ${pb_socket} x;",
    "location ~ (?<pb_script>.*) { }",
    "content_by_lua_block { x }",
    'if ($a ~ "(?<pb_socket>x)") { return 200; }',
    "client_body_temp_path /tmp/x;",
    "a\u0000b;",
    "\\",
    "add_header X a\\",
    'return 200 "x"\\; }',
  ])("may not reach beyond it: %j", (text) => {
    expect(includeFault(text)).toBeTypeOf("string");
    expect(provider.audit(unit({ includes: { nginx: text } })).map((issue) => issue.field)).toEqual(["includes"]);
    expect(() => provider.render("a.test", unit({ includes: { nginx: text } }))).toThrow();
  });

  it("that is accepted stays inside its block, whatever it is", () => {
    const pieces = fc.constantFrom(
      "location / ",
      "{",
      "}",
      ";",
      '"',
      "'",
      "\\",
      "#",
      "\n",
      " ",
      "$",
      "a b",
      "add_header X ",
      "if ",
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 14 }).map((list) => list.join("")),
        (text) => {
          fc.pre(includeFault(text) === undefined);
          const file = provider.render("a.test", unit({ includes: { nginx: text } })).files?.[0]?.content ?? "";
          const tree = parseNginx(file);
          expect(tree.length).toBe(1);
          expect(tree[0]?.block?.slice(4)).toEqual(parseNginx(text));
        },
      ),
      { numRuns: 20_000 },
    );
  });
});

describe("the rendered tree", () => {
  it("is what was meant", () => {
    const main = provider.base().files?.find((file) => file.path === "nginx.conf")?.content ?? "";
    const http = parseNginx(main).find((directive) => directive.words[0] === "http")?.block as Directive[];
    expect(http.filter((directive) => directive.block !== null).map((directive) => directive.words)).toEqual([
      ["server"],
    ]);
    const configuration = (provider.base().files ?? []).filter((file) => file.path.endsWith(".conf"));
    for (const file of configuration) expect(parseNginx(file.content).length).toBeGreaterThan(0);
  });

  it("never lets a request header become the proxy of a script", () => {
    const file = provider.base().files?.find((one) => one.path === "snippets/fastcgi.conf")?.content ?? "";
    expect(parseNginx(file).map((directive) => directive.words)).toContainEqual(["fastcgi_param", "HTTP_PROXY", ""]);
  });

  it("of a site is one line per name, and nothing else", () => {
    const rendered = provider.render("a.test", unit({ names: ["a.test", "b.test"] }));
    expect(rendered.files).toEqual([]);
    expect(rendered.lines?.map((line) => parseNginx(line.line).map((directive) => directive.words[0]))).toEqual([
      ["a.test"],
      ["b.test"],
    ]);
  });

  it("is refused for names that are none and for values that are too long", () => {
    for (const name of ["a.test; }", "*.test", "default", "A.test", "-a.test", "a".repeat(254), "~x.test"]) {
      expect([name, provider.audit(unit({ names: [name] })).length]).toEqual([name, 1]);
    }
    expect(
      provider.audit(unit({ kind: "redirect", root: null, redirect: { to: "$".repeat(1500), code: 301 } })),
    ).toEqual([{ field: "redirect", message: "It is too long." }]);
    expect(
      provider.audit(unit({ kind: "redirect", root: null, redirect: { to: "x".repeat(2048), code: 301 } })),
    ).toEqual([]);
    expect(provider.audit(unit({ root: "/homes/john/a\nb" })).length).toBe(1);
  });

  it("passes nginx's own test with the longest values there may be", () => {
    const to = '$"\\'.repeat(350);
    const long = unit({ kind: "redirect", root: null, php: null, redirect: { to, code: 301 } });
    expect(provider.audit(long)).toEqual([]);
    const names = Array.from({ length: 300 }, (_, at) => `n${at}.${"a".repeat(60)}.test`);
    const own = unit({ names, includes: { nginx: "expires 1d;" } });
    host.write(provider.base(), provider.render("a.test", long), provider.render(names[0] as string, own));
    expect(host.test()).toEqual({ status: 0, output: "" });
    expect(readFileSync(join(host.info.paths.etc, "web-nginx/nginx.conf"), "utf8")).not.toContain("undefined");
  });
});
