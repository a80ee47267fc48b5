import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { phpSocketOf } from "./testing/daemons.ts";
import { createTwoTenants, type TwoTenants } from "./testing/two-tenants.ts";

let world: TwoTenants;

beforeAll(async () => {
  world = await createTwoTenants();
});

afterAll(() => world.stop());

describe("no .htaccess", () => {
  it.each([
    "SetHandler default-handler",
    'SetHandler "proxy:unix:/x|fcgi://x"',
    "AddHandler x .txt",
    "Action x /page.txt",
    "RequestHeader unset Max-Forwards",
    "RequestHeader set X y",
    "Options +FollowSymLinks",
    "Options FollowSymLinks",
    "Options All",
    "Options +ExecCGI",
    "Options +Includes",
    "php_value memory_limit 1G",
    "php_admin_value memory_limit 1G",
    "ProxyFCGISetEnvIf true SCRIPT_FILENAME /etc/passwd",
    "ProxyPass / http://127.0.0.1/",
    "ProxyFCGIBackendType GENERIC",
    "RewriteMap x prg:/bin/sh",
    "Alias /x /etc",
    "<Directory />\nRequire all granted\n</Directory>",
    "<Location />\nRequire all granted\n</Location>",
    "AllowOverride All",
    "Include /etc/passwd",
    "ErrorLog /tmp/x",
    "CustomLog /tmp/x combined",
    "SetOutputFilter INCLUDES",
    "SetInputFilter x",
    "CGIPassAuth Off",
    "LimitRequestBody 0",
    "Define X y",
    "Use PbSite",
    "Use PbRelay a.test a.test x.pem 0 127.0.0.1:1",
    "<Macro X>\nRequire all granted\n</Macro>",
    "LimitXMLRequestBody 0",
    "Error x",
    "<IfFile /etc/passwd>\n</IfFile>",
    "SSLOptions +ExportCertData",
    "LuaMapHandler ^ /x",
  ])("may say %j", async (text) => {
    world.rule(text);
    expect((await world.host.get("john.test", "/page.txt")).status).toBe(500);
  });

  it.each([
    "Header set X-Stolen expr=%{file:FILE}",
    "ErrorDocument 404 %{file:FILE}",
    "<If \"file('FILE') =~ /secret/\">\nHeader set X-Stolen yes\n</If>",
    "RewriteEngine On\nRewriteCond expr \"file('FILE') =~ /(.*)/\"\nRewriteRule ^ https://x.test/%1 [R]",
    "SetEnvIfExpr \"file('FILE') =~ /(.*)/\" STOLEN=$1\nHeader set X-Stolen %{STOLEN}e",
    "Require expr \"file('FILE') =~ /secret/\"",
    "AuthType Basic\nAuthName %{file:FILE}\nRequire valid-user",
    "<Files page.txt>\nRedirect 302 https://x.test/%{file:FILE}\n</Files>",
    "Header set X-Stolen yes \"expr=filesize('FILE') -gt 3\"",
  ])("reads another tenant's file: %j", async (text) => {
    world.rule(text.replaceAll("FILE", `${world.host.info.paths.homes}/jane/public_html/secret.txt`));
    for (const answer of await world.answers(["/page.txt", "/none"])) {
      expect(answer.status).toBe(500);
      expect(JSON.stringify(answer)).not.toMatch(/stolen|jane/i);
    }
  });

  it.each([
    "RewriteRule ^ FILE [L]",
    "RewriteRule ^ FILE [END]",
    "RewriteRule ^ file://FILE [L]",
    "RewriteBase /\nRewriteRule (.*) FILE [PT]",
    "RewriteRule ^page.txt$ ../../../jane/public_html/secret.txt [L]",
    "RewriteOptions AllowAnyURI\nRewriteRule ^ FILE [L]",
    "RewriteOptions LegacyPrefixDocRoot UnsafePrefixStat\nRewriteRule ^(.*)$ FILE [L,UnsafePrefixStat]",
    "RewriteRule ^ %{ENV:X}FILE [L,UnsafeAllow3F,UnsafePrefixStat]",
    "</IfModule>\nErrorDocument 404 FILE\nFallbackResource FILE\n<IfModule mod_rewrite.c>",
    "</IfModule>\nDirectoryIndex FILE ../../jane/public_html/secret.txt\n<IfModule mod_rewrite.c>",
  ])("leads to another tenant's file: %j", async (rule) => {
    world.rule(
      `<IfModule mod_rewrite.c>\nRewriteEngine On\n${rule}\n</IfModule>`.replaceAll(
        "FILE",
        `${world.host.info.paths.homes}/jane/public_html/secret.txt`,
      ),
    );
    for (const { body, status } of await world.answers()) {
      expect(body).not.toContain("secret");
      expect([200, 301, 302, 400, 403, 404, 500]).toContain(status);
    }
  });

  it("opens another tenant's file by a link", async () => {
    if (!world.host.info.multiUser) return;
    world.host.link("john", "public_html/link.txt", `${world.host.info.paths.homes}/jane/public_html/secret.txt`);
    world.host.link("john", "public_html/linked", `${world.host.info.paths.homes}/jane/public_html`);
    world.host.link("john", "public_html/passwd.txt", "/etc/passwd");
    for (const text of ["", "Options -SymLinksIfOwnerMatch", "Options SymLinksIfOwnerMatch", "Options None"]) {
      world.rule(`${text}\nRequire all granted`);
      for (const path of ["/link.txt", "/linked/secret.txt", "/linked/index.php", "/passwd.txt"]) {
        const answer = await world.host.get("john.test", path);
        expect([text, path, answer.status]).toEqual([text, path, 403]);
      }
    }
  });

  const ways = [
    "RewriteRule ^ TARGET [P]",
    "RewriteRule ^ TARGET [P,L,END,NE]",
    "RewriteRule .* proxy:TARGET",
    "RewriteRule .* proxy:TARGET [H=proxy-server]",
    "RewriteRule .* - [H=proxy:TARGET]",
    "RewriteRule .* - [H=PROXY:TARGET,T=x/y]",
    "RewriteRule ^$ uid.php\nRewriteRule uid\\.php TARGET [P]",
    "RewriteRule uid\\.php TARGET [P]\n</IfModule>\nDirectoryIndex uid.php\n<IfModule mod_rewrite.c>",
    "RewriteRule none TARGET [P]\n</IfModule>\nErrorDocument 404 /none2\nFallbackResource /none\n<IfModule mod_rewrite.c>",
    "RewriteRule ^$ TARGET [P]\n</IfModule>\nDirectoryIndex uid.php\n<IfModule mod_rewrite.c>",
    "RewriteCond %{LA-U:/uid.php} .\nRewriteCond %{LA-F:/uid.php} .\nRewriteRule ^ TARGET [P]",
    "</IfModule>\nHeader set X y \"expr=-U '/uid.php'\"\nRequire expr -U '/uid.php' || true\n<IfModule mod_rewrite.c>\nRewriteRule ^ TARGET [P]",
    "RewriteRule .* - [T=proxy:TARGET]",
    "</IfModule>\nForceType proxy:TARGET\n<IfModule mod_rewrite.c>",
    "</IfModule>\nAddType proxy:TARGET .txt .php .html\n<IfModule mod_rewrite.c>",
    "</IfModule>\nHeader set Max-Forwards 5\nSetEnv Max-Forwards 5\n<IfModule mod_rewrite.c>\nRewriteRule ^ TARGET [P,E=Max-Forwards:5]",
    '</IfModule>\n<If "true">\n<IfModule mod_rewrite.c>\nRewriteEngine On\nRewriteRule ^ TARGET [P]\n</IfModule>\n</If>\n<IfModule mod_rewrite.c>',
    '</IfModule>\n<FilesMatch "php">\nRewriteEngine On\nRewriteRule ^ TARGET [P]\n</FilesMatch>\n<IfModule mod_rewrite.c>',
  ];

  it.each(ways)("connects to what this host alone reaches: %j", async (rule) => {
    for (const scheme of ["http", "ws", "fcgi", "https", "h2c"]) {
      const target = `${scheme}://127.0.0.1:${world.innerPort}/`;
      world.rule(`<IfModule mod_rewrite.c>\nRewriteEngine On\n${rule.replaceAll("TARGET", target)}\n</IfModule>`);
      for (const { body } of await world.answers()) expect(body).not.toContain("for-root");
    }
    expect(world.connections()).toBe(0);
  });

  it.each(ways)("runs a script as another tenant: %j", async (rule) => {
    const socket = `unix:${world.host.info.paths.run}/${phpSocketOf("jane")}`;
    const script = `${world.host.info.paths.homes}/john/public_html/uid.php`;
    const secret = `${world.host.info.paths.homes}/jane/public_html/index.php`;
    for (const target of [
      `${socket}|fcgi://php${script}`,
      `${socket}|fcgi://php${secret}`,
      `${socket}|fcgi://php`,
      `${socket}|fcgi://_`,
    ]) {
      world.rule(`<IfModule mod_rewrite.c>\nRewriteEngine On\n${rule.replaceAll("TARGET", target)}\n</IfModule>`);
      for (const { body } of await world.answers()) {
        expect(body).not.toContain("secret");
        if (world.host.info.multiUser) expect(body).not.toContain("run as 29992");
      }
    }
  });

  it("changes what is set for a script", async () => {
    for (const text of ['SetEnv PHP_ADMIN_VALUE "post_max_size=1G"', 'SetEnv PHP_VALUE "post_max_size=1G"']) {
      world.rule(
        `${text}\nRewriteEngine On\nRewriteRule ^ - [E=PHP_VALUE:post_max_size=1G,E=PHP_ADMIN_VALUE:post_max_size=1G]`,
      );
      const answer = await world.host.get("john.test", "/uid.php");
      expect(answer.body).toMatch(/^run as \d+ 8M /);
    }
  });

  it("runs programs", async () => {
    const types = ["server-parsed", "cgi-script", "text/x-server-parsed-html", "application/x-httpd-cgi", "send-as-is"];
    for (const type of types) {
      world.rule(`AddType ${type} .cgi .shtml\nRewriteEngine On\nRewriteRule \\.(cgi|shtml)$ - [H=${type},T=${type}]`);
      for (const { body } of await world.answers(["/run.cgi", "/page.shtml"]))
        expect(body).not.toMatch(/uid=|john's page/);
    }
  });

  it("shows itself, nor any hidden file", async () => {
    const rule = "RewriteEngine On\nRewriteRule ^show$ /.htaccess [L]\nRequire all granted";
    for (const way of ["ErrorDocument 404 /.htaccess", "DirectoryIndex .htaccess", "FallbackResource /.htaccess"]) {
      world.rule(`${rule}\n${way}`);
      for (const path of ["/.htaccess", "/show", "/", "/none", "/%2ehtaccess", "/sub/../.htaccess", "/sub/"]) {
        const { body } = await world.host.get("john.test", path);
        expect([way, path, body.includes("RewriteRule")]).toEqual([way, path, false]);
      }
    }
  });

  it("answers for the panel", async () => {
    world.rule('ErrorDocument 200 "mine"\nRewriteEngine On\nRewriteRule ^ - [R=200]\nHeader always set X y');
    const probe = await world.host.get("john.test", "/.well-known/patchbay/site");
    expect([probe.status, probe.body.startsWith("john.test ")]).toEqual([200, true]);
    expect(probe.headers["x"]).toBeUndefined();
  });

  it("of a directory above counts against another account", async () => {
    world.rule("");
    world.rule('Header set X-Above "yes"', ".");
    expect((await world.host.get("john.test", "/page.txt")).headers["x-above"]).toBe("yes");
    expect((await world.host.get("jane.test", "/secret.txt")).headers["x-above"]).toBeUndefined();
  });
});
