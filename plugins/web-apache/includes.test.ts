import type { SiteUnit } from "@patchbay/web/contract";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { includeFault } from "./includes.ts";
import { type Directive, parseApache } from "./syntax.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

let host: LiveHost;

beforeAll(async () => {
  host = await createLiveHost();
});

afterAll(() => host.stop());

const unit = (patch: Partial<SiteUnit>) => host.site("john", "a.test", patch);
const withText = (apache: string) => unit({ includes: { apache } });
const refusals = (patch: Partial<SiteUnit>) => host.provider.audit(unit(patch)).map(({ field, lost }) => [field, lost]);

const fragments = [
  ["Header set A ", "<Location ", "</Location>", "<If ", "</If>", "</VirtualHost>", "Require ", "</", "<", ">"],
  ['"', "'", "\\", "#", "\n", "\r\n", " ", "\t", "x", "\u00a0", "\u2028"],
].flat();

describe("a custom include", () => {
  it.each([
    'Header always set X-A "b } c"',
    '# a comment with </VirtualHost> and "\nRewriteCond %{REQUEST_METHOD} =TRACE\nRewriteRule ^ - [F]\n',
    '<Location "/api/">\n  ProxyPass http://127.0.0.1:3000/\n  ProxyPassReverse http://127.0.0.1:3000/\n</Location>',
    'ProxyPass "/ws" "ws://127.0.0.1:3000/" upgrade=websocket',
    '<FilesMatch "\\.(bak|sql)$">\r\n  Require all denied\r\n</FilesMatch>',
    'Redirect 301 "/old" "https://example.com/"\nErrorDocument 404 /404.html\nDirectoryIndex app.php',
    "RewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-f\nRewriteRule ^ /index.php \\\n  [L]",
    "RequestHeader set X-Real-Name x",
    "",
  ])("may change its own site: %j", (text) => {
    expect(includeFault(text)).toBeUndefined();
    host.serve(host.front, [host.site("john", "b.test"), withText(text)]);
    expect(host.test()).toEqual({ status: 0, output: "Syntax OK\n" });
  });

  it.each([
    "</VirtualHost>\n<VirtualHost *:1>",
    "</VirtualHost>",
    "<Location />",
    "<Location />\nHeader set A b\n</Files>",
    'Header set X "open',
    "Header set X a\\",
    "Header set X a\\ \n \\",
    "<VirtualHost *:1>\n</VirtualHost>",
    "<Directory />\nRequire all granted\n</Directory>",
    "<DirectoryMatch .>\nRequire all granted\n</DirectoryMatch>",
    "<Proxy *>\n</Proxy>",
    "<Macro x>\n</Macro>",
    "Use PbSite x",
    "Include /etc/passwd",
    "IncludeOptional /etc/passwd",
    "Listen 8080",
    "LoadModule x /tmp/x.so",
    "User root",
    "ServerName bob.test",
    "ServerAlias bob.test",
    "DocumentRoot /",
    "Alias /x /etc",
    "ScriptAlias /x /bin",
    "ErrorLog /tmp/x",
    "ErrorLog |/bin/sh",
    "CustomLog |/bin/sh x",
    "Define X y",
    "SSLCertificateFile /etc/ssl/private/x",
    "SSLEngine off",
    "RewriteEngine off",
    "RewriteOptions IgnoreInherit",
    "RewriteMap x prg:/bin/sh",
    "AllowOverride All",
    "Options FollowSymLinks",
    "SetHandler proxy:unix:/var/run/docker.sock|http://x/",
    "ProxyPass / unix:/var/run/docker.sock|http://x/",
    "RewriteRule ^ unix:/run/php/jane.sock|fcgi://x/ [P]",
    "ProxyPass / fcgi://127.0.0.1:9000/",
    "RequestHeader unset Max-Forwards",
    'requestheader UNSET "max-forwards:"',
    "<Location />\nRequestHeader edit max-forwards . 5\n</Location>",
    'ErrorDocument 200 "x"',
    "Header set X ${PATH}",
    '"Include" /etc/passwd',
    "In\\\nclude /etc/passwd",
    "\u00a0Include /etc/passwd",
    "Header set X a\u000bb",
    "Header set X \u0000",
    "ProxyRequests On",
    "Mutex x",
    "RemoteIPHeader X",
  ])("may not reach beyond it: %j", (text) => {
    expect(includeFault(text)).toBeTypeOf("string");
    expect(host.provider.audit(withText(text))).toMatchObject([{ field: "includes" }]);
    expect(() => host.provider.render("a.test", withText(text))).toThrow();
  });

  it("that is accepted stays inside its virtual host, whatever it is", () => {
    const pieces = fc.constantFrom(...fragments);
    const fileOf = (custom: string) => host.provider.render("a.test", withText(custom)).files?.[0]?.content ?? "";
    const whole = (custom: string) => parseApache(fileOf(custom));
    const empty = whole("")[0]?.block ?? [];
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 14 }).map((list) => list.join("")),
        (text) => {
          fc.pre(includeFault(text) === undefined);
          const [site, ...rest] = whole(text);
          expect(rest).toEqual([]);
          expect(strip(site?.block?.slice(empty.length) ?? [])).toEqual(strip(parseApache(text)));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("for another server is lost here, and nothing else is", () => {
    expect(refusals({ includes: { nginx: "} server {" } })).toEqual([["includes", true]]);
    expect(host.provider.render("a.test", unit({ includes: { nginx: "x" } })).lines).toHaveLength(1);
  });
});

const strip = (tree: readonly Directive[]): unknown =>
  tree.map(({ name, words, block }) => ({ name, words, block: block === null ? null : strip(block) }));

describe("a site", () => {
  it("is one line, and nothing else", () => {
    const rendered = host.provider.render("a.test", unit({ names: ["a.test", "b.test"] }));
    expect(rendered.files).toEqual([]);
    expect(rendered.lines?.map(({ line }) => parseApache(line).map(({ name }) => name))).toEqual([["Use"]]);
  });

  it("changes with its certificate", () => {
    const { https } = unit({});
    const renewed = { ...https, certificate: "1".repeat(64) };
    const lineOf = (one: SiteUnit) => host.provider.render("a.test", one).lines?.[0]?.line;
    expect(lineOf(unit({ https: renewed }))).not.toBe(lineOf(unit({})));
    expect(lineOf(unit({ https: { ...https } }))).toBe(lineOf(unit({})));
  });

  it("is refused for names that are none, and for directories that are not its own", () => {
    for (const name of ["a.test\nInclude x", "*.test", "default", "A.test", "-a.test", "a".repeat(254), "a.test>"])
      expect([name, refusals({ names: [name] })]).toEqual([name, [["names", undefined]]]);
    const { homes } = host.info.paths;
    for (const root of [
      "/etc",
      `${homes}/john`,
      `${homes}/john2/x`,
      `${homes}/john/../jane/x`,
      `${homes}/john/a\nb`,
      `${homes}/john/*`,
      `${homes}/john/a//b`,
    ])
      expect([root, refusals({ root })]).toEqual([root, [["root", undefined]]]);
    expect(refusals({ account: { username: "x", home: "/" }, root: "/etc" })).toContainEqual(["account", undefined]);
    expect(refusals({ php: { socket: "../x.sock" } })).toEqual([["php", undefined]]);
    expect(refusals({ https: { file: "../x", certificate: "x", force: false, hsts: -1 } }).length).toBe(3);
    expect(refusals({ kind: "redirect", root: null, redirect: { to: "/x", code: 301 } })).toEqual([
      ["redirect", undefined],
    ]);
  });

  it("is written under its own name alone", () => {
    expect(() => host.provider.render('x" y', unit({}))).toThrow();
  });
});
