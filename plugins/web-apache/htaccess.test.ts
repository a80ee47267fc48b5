import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tenantDirectives } from "./htaccess.ts";
import { createTwoTenants, type TwoTenants } from "./testing/two-tenants.ts";

let world: TwoTenants;

beforeAll(async () => {
  world = await createTwoTenants();
});

afterAll(() => world.stop());

describe("what a tenant may write works", () => {
  it.each([
    ["RewriteEngine On\nRewriteRule ^nice/(.*)$ page.txt [L]", "/nice/x", 200, "john's page"],
    [
      "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\nRewriteRule . /uid.php [L]",
      "/a/b",
      200,
      "run as",
    ],
    ["RewriteEngine On\nRewriteRule ^old$ /new [R=301,L]", "/old", 301, ""],
    ["Redirect 302 /old /new", "/old", 302, ""],
    ["FallbackResource /uid.php", "/a/b", 200, "run as"],
    ["DirectoryIndex uid.php", "/", 200, "run as"],
    ["DirectoryIndex none.php page.txt", "/", 200, "john's page"],
    ["ErrorDocument 404 /page.txt", "/none", 404, "john's page"],
    ["ErrorDocument 404 /uid.php", "/none", 404, "run as"],
    ['ErrorDocument 404 "my own words"', "/none", 404, "my own words"],
    ["SetEnv MARK marked", "/uid.php", 200, "marked"],
    ["Options -Indexes +SymLinksIfOwnerMatch -MultiViews", "/page.txt", 200, "john's page"],
    [
      "<IfModule mod_rewrite.c>\nRewriteEngine On\n</IfModule>\n<IfModule mod_php.c>\nphp_value a b\n</IfModule>",
      "/page.txt",
      200,
      "john's page",
    ],
    ["Require all denied", "/page.txt", 403, ""],
    ["Order deny,allow\nDeny from all", "/uid.php", 403, ""],
    ["<Files page.txt>\nRequire all denied\n</Files>", "/page.txt", 403, ""],
    ['<FilesMatch "\\.txt$">\nRequire all denied\n</FilesMatch>', "/uid.php", 200, "run as"],
    ["<If \"%{QUERY_STRING} == 'a'\">\nRequire all denied\n</If>", "/page.txt?a", 403, ""],
    ["AuthType Basic\nAuthName x\nAuthUserFile /dev/null\nRequire valid-user", "/page.txt", 401, ""],
    ["SSLRequireSSL", "/page.txt", 403, ""],
    ["<LimitExcept POST>\nRequire all denied\n</LimitExcept>", "/page.txt", 403, ""],
  ] as const)("%j", async (text, path, status, body) => {
    world.rule(text);
    const answer = await world.host.get("john.test", path);
    expect(answer.status, `${answer.body} ${world.host.log("error.log").split("\n").at(-2)}`).toBe(status);
    expect(answer.body).toContain(body);
  });

  it("is no more than Apache reads", () => {
    expect(tenantDirectives.flat().length).toBeLessThanOrEqual(64);
  });

  it("sets headers, also of scripts, and times and types", async () => {
    world.rule(
      'Header set X-Mine "yes"\nExpiresActive On\nExpiresDefault "access plus 1 day"\nAddType text/x-mine .txt',
    );
    expect((await world.host.get("john.test", "/uid.php")).headers["x-mine"]).toBe("yes");
    const { headers } = await world.host.get("john.test", "/page.txt");
    expect([headers["x-mine"], headers["cache-control"], headers["content-type"]]).toEqual([
      "yes",
      "max-age=86400",
      "text/x-mine",
    ]);
  });

  it("gives a script the credentials of its caller", async () => {
    world.rule("");
    world.host.put("john", "public_html/auth.php", "<?php echo $_SERVER['PHP_AUTH_USER'] ?? 'none';");
    const headers = { authorization: `Basic ${Buffer.from("me:secret").toString("base64")}` };
    expect((await world.host.get("john.test", "/auth.php", { headers })).body).toBe("me");
  });

  it("and what is broken stops its own site alone", async () => {
    world.rule("<IfModule x.c>\nRewriteEngine");
    expect((await world.host.get("john.test", "/page.txt")).status).toBe(500);
    world.rule("NoSuchDirective on");
    expect((await world.host.get("john.test", "/page.txt")).status).toBe(500);
    expect((await world.host.get("other.test", "/page.txt")).body).toBe("other page");
    expect((await world.host.get("jane.test", "/secret.txt")).status).toBe(200);
    const probe = await world.host.get("john.test", "/.well-known/patchbay/site");
    expect([probe.status, probe.body.startsWith("john.test ")]).toEqual([200, true]);
  });
});
