import { expect } from "vitest";
import { askSecurely } from "./tls-request.ts";
import type { WebStage } from "./web-cast.ts";
import type { WebSubject } from "./web-subject.ts";

const toHttps =
  "RewriteEngine On\nRewriteCond %{HTTPS} off\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n";

/** What a tenant says in `.htaccess` counts, or it is not there; it is never shown, and it never reaches beyond the site. */
export function obeyingHtaccess(stage: WebStage, subject: WebSubject): void {
  stage.look("never shows .htaccess", async (scene) => {
    scene.write(stage.the("ada"), ".htaccess", "# says nothing\n");
    expect([403, 404]).toContain((await scene.get("ada.test", "/.htaccess")).status);
  });

  if (!subject.can.htaccess) {
    stage.look("does not read .htaccess", async (scene) => {
      scene.write(stage.the("ada"), "walled/.htaccess", "Require all denied\n");
      scene.write(stage.the("ada"), "walled/page.txt", "open");
      expect(await scene.get("ada.test", "/walled/page.txt")).toMatchObject({ status: 200, text: "open" });
    });
    return;
  }

  stage.look("obeys rewrites, access rules, error pages and headers", async (scene) => {
    const ada = stage.the("ada");
    const rules =
      'RewriteEngine On\nRewriteRule ^pretty/(\\d+)$ show.php?id=$1 [L,QSA]\nErrorDocument 404 "gone fishing"\nHeader set X-Own yes\n';
    scene.write(ada, "rules/.htaccess", rules);
    scene.write(ada, "rules/show.php", '<?php echo "item ", $_GET["id"];');
    expect(await scene.get("ada.test", "/rules/pretty/42")).toMatchObject({ status: 200, text: "item 42" });
    expect(await scene.get("ada.test", "/rules/none")).toMatchObject({ status: 404, text: "gone fishing" });
    expect((await scene.get("ada.test", "/rules/show.php?id=1")).headers["x-own"]).toBe("yes");
    scene.write(ada, "walled/.htaccess", "Require all denied\n");
    scene.write(ada, "walled/page.txt", "open");
    expect((await scene.get("ada.test", "/walled/page.txt")).status).toBe(403);
    scene.write(ada, "secure/.htaccess", toHttps);
    scene.write(ada, "secure/page.txt", "secure");
    const sent = await scene.get("ada.test", "/secure/page.txt");
    expect(sent).toMatchObject({ status: 301, headers: { location: "https://ada.test/secure/page.txt" } });
    const asked = { host: "ada.test", path: "/secure/page.txt" };
    expect(await askSecurely(scene.panel.https, asked)).toMatchObject({ status: 200, text: "secure" });
  });

  stage.look("breaks only the directory whose rules are broken", async (scene) => {
    const ada = stage.the("ada");
    scene.write(ada, "broken/.htaccess", "NoSuchDirective on\n");
    scene.write(ada, "broken/page.txt", "never seen");
    expect((await scene.get("ada.test", "/broken/page.txt")).status).toBe(500);
    expect(await scene.get("ada.test", "/page.txt")).toMatchObject({ status: 200, text: "ada" });
  });

  stage.look("lets no rule reach another tenant's files or scripts", async (scene) => {
    const [ada, bob] = [stage.the("ada"), stage.the("bob")];
    scene.write(bob, "secret.txt", "of bob alone");
    scene.write(bob, "secret.php", '<?php echo "of bob alone";');
    const foreign = `${bob.home_dir}/public_html/secret`;
    const attacks = [
      `RewriteEngine On\nRewriteRule ^ ${foreign}.txt [L]\n`,
      `RewriteEngine On\nRewriteRule ^ ${foreign}.php [L]\n`,
      "RewriteEngine On\nRewriteRule ^ http://bob.test/secret.txt [P]\n",
      `SetHandler "proxy:unix:${scene.panel.paths.run}/php/bob-8.2.sock|fcgi://x"\n`,
      `Options +FollowSymLinks\n`,
      `Options +ExecCGI\nAddHandler cgi-script .txt\n`,
      `ErrorDocument 404 ${foreign}.txt\n`,
    ];
    scene.panel.link(ada.home_dir, "public_html/attack/link.txt", `${foreign}.txt`);
    for (const rules of attacks) {
      scene.write(ada, "attack/.htaccess", rules);
      for (const path of ["/attack/link.txt", "/attack/none", "/attack/secret.txt"]) {
        expect([rules, (await scene.get("ada.test", path)).text]).not.toEqual([
          rules,
          expect.stringContaining("of bob alone"),
        ]);
      }
    }
    scene.write(ada, "attack/.htaccess", "");
  });
}
