import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SiteUnit } from "@patchbay/web/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { includeFault, withPolicy } from "./includes.ts";
import { policyHeader } from "./policy.ts";
import { createNginxProvider } from "./provider.ts";
import { type Directive, parseNginx } from "./syntax.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";
import { testSite } from "./testing/site.ts";

let host: LiveHost;
let provider: ReturnType<typeof createNginxProvider>;

beforeAll(async () => {
  host = await createLiveHost();
  provider = createNginxProvider(host.info);
});

afterAll(() => host.stop());

function unit(patch: Partial<SiteUnit>): SiteUnit {
  return testSite("a.test", { php: { socket: "php/john-8.2.sock" }, ...patch });
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
    host.write(provider.base(host.front), before, provider.render("a.test", unit({ includes: { nginx: text } })));
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
    "ssl on;",
    "ssl_certificate /tmp/x;",
    "http2_max_concurrent_streams 1;",
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
          expect(meaning(tree[0]?.block?.slice(4, -1) ?? [])).toEqual(meaning(parseNginx(text)));
        },
      ),
      { numRuns: 20_000 },
    );
  });
});

/** What directives say: without their places, and without the header that every block with headers is given. */
function meaning(directives: readonly Directive[]): unknown[] {
  return directives
    .filter(({ words }) => !(words[0] === "add_header" && words[1] === policyHeader))
    .map(({ words, block }) => ({ words, block: block && meaning(block) }));
}

describe("the header of HSTS", () => {
  const line = `add_header ${policyHeader} $pb_policy always;`;

  it.each([
    ["add_header A b;", "add_header A b;"],
    ["location / { expires 1d; }", "location / { expires 1d; }"],
    [
      "location / {\n add_header A b; # c\n add_header D e;\n}",
      `location / {\n add_header A b; ${line} # c\n add_header D e;\n}`,
    ],
    [
      "location /a { add_header A b; if ($c) { add_header D e; } }",
      `location /a { add_header A b; ${line} if ($c) { add_header D e; ${line} } }`,
    ],
    ["location / { add_header 'strict-transport-security' max-age=1; }", undefined],
  ])("is kept where a block adds headers of its own: %j", (text, expected) => {
    expect(withPolicy(text)).toBe(expected ?? text);
  });
});

describe("the rendered tree", () => {
  it("is what was meant", () => {
    const main = provider.base(host.front).files?.find((file) => file.path === "nginx.conf")?.content ?? "";
    const http = parseNginx(main).find((directive) => directive.words[0] === "http")?.block as Directive[];
    expect(http.filter((directive) => directive.block !== null).map((directive) => directive.words)).toEqual([
      ["server"],
    ]);
    const configuration = (provider.base(host.front).files ?? []).filter((file) => file.path.endsWith(".conf"));
    for (const file of configuration) expect(parseNginx(file.content).length).toBeGreaterThan(0);
  });

  it("never lets a request header become the proxy of a script", () => {
    const file = provider.base(host.front).files?.find((one) => one.path === "snippets/fastcgi.conf")?.content ?? "";
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

  it("is refused for a certificate's file that is none, and for a time that is none", () => {
    const { https } = unit({});
    for (const file of ["", "/etc/x.pem", "../x.pem", "a/../../x.pem", "a b.pem", "a|b.pem", "a$b.pem", 'a"b', "a;b"]) {
      const issues = provider.audit(unit({ https: { ...https, file } }));
      expect([file, issues.map(({ field }) => field)]).toEqual([file, ["https"]]);
      expect(() => provider.relay("a.test", unit({ https: { ...https, file } }), host.side.ports)).toThrow("https");
    }
    for (const hsts of [-1, 1.5, Number.NaN])
      expect(provider.audit(unit({ https: { ...https, hsts } })).length).toBe(1);
  });

  it("serves a site without the text that was written for another server, and says so", () => {
    const both = unit({ includes: { apache: "Options None", nginx: "expires 1d;" } });
    expect(provider.audit(both)).toEqual([
      { field: "includes", message: "Configuration text for apache is not used by nginx.", lost: true },
    ]);
    expect(JSON.stringify(provider.render("a.test", both))).not.toContain("Options");
  });

  it("of a relayed site does not change with the site", () => {
    const [one, other] = [unit({}), unit({ state: "suspended", includes: { nginx: "expires 1d;" } })].map((each) =>
      provider.relay("a.test", each, host.side.ports),
    );
    expect(one?.lines).toEqual(other?.lines);
    expect([one?.files, other?.files]).toEqual([undefined, undefined]);
    expect(one?.probes).not.toEqual(other?.probes);
  });

  it("of a site does not change with its certificate, but its probe does", () => {
    const renewed = unit({});
    const after = provider.render("a.test", { ...renewed, https: { ...renewed.https, certificate: "1".repeat(64) } });
    const before = provider.render("a.test", renewed);
    expect([after.lines, after.files]).toEqual([before.lines, before.files]);
    expect(after.probes?.map((probe) => probe.kind === "http" && probe.certificate)).toEqual([
      undefined,
      "1".repeat(64),
    ]);
  });

  it("differs in its sockets alone between front and side", () => {
    const [front, side] = [host.front, host.side].map((stand) => provider.base(stand).files ?? []);
    const differing = front?.filter((file, at) => file.content !== side?.[at]?.content).map(({ path }) => path);
    expect(differing).toEqual(["snippets/listen-default.conf", "snippets/listen.conf"]);
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
    host.write(provider.base(host.front), provider.render("a.test", long), provider.render(names[0] as string, own));
    expect(host.test()).toEqual({ status: 0, output: "" });
    expect(readFileSync(join(host.info.paths.etc, "web-nginx/nginx.conf"), "utf8")).not.toContain("undefined");
  });
});
