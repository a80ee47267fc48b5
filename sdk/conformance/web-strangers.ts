import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { adasPage, expectNobodysSite, type WebStage } from "./web-cast.ts";
import type { WebSubject } from "./web-subject.ts";

/** What somebody gets who asks for what is not meant for him, or in a way nobody should. */
export function answeringStrangers(stage: WebStage, subject: WebSubject): void {
  stage.look("a host that nobody has is nobody's site, however it is spelled", async (scene) => {
    const near = ["xada.test", "ada.test.evil.test", "www.ada.test", "test", "localhost", "127.0.0.1", "_", "*.test"];
    for (const host of [...near, "default", "$host", "ada.test/../bob.test", `${"a".repeat(300)}.test`, ""]) {
      const answer = await scene.get(host, adasPage.path);
      expect([400, 404], `${host}: ${answer.status}`).toContain(answer.status);
    }
    await expectNobodysSite(scene, "nobody-has-this.test");
  });

  stage.look("a host is the same in upper case, with a port, and with the root's dot", async (scene) => {
    for (const host of ["ADA.Test", "ada.test:8080", "ada.test."]) {
      expect(await scene.get(host, adasPage.path), host).toMatchObject({ status: 200, text: "ada" });
    }
  });

  hiddenFiles(stage);
  scripts(stage, subject);
  if (subject.machine.separateUsers) foreignFiles(stage, subject);
}

function hiddenFiles(stage: WebStage): void {
  stage.look("hidden files are not there, except below .well-known", async (scene) => {
    const ada = stage.the("ada");
    const hidden = [".env", ".git/config", ".htaccess", ".htpasswd", ".user.ini", "sub/.secret/x.txt", ".x.php"];
    // A comment, to those who read it.
    const text = (path: string) => (path.endsWith(".htaccess") ? "# hidden text\n" : "<?php echo 'hidden ', 'text';");
    for (const path of hidden) scene.write(ada, path, text(path));
    scene.write(ada, ".well-known/acme-challenge/token", "token");
    for (const path of hidden) {
      for (const spelled of [`/${path}`, `/${path.replaceAll(".", "%2e")}`, `/x/../${path}`, `//${path}`]) {
        const answer = await scene.get("ada.test", spelled);
        expect([403, 404], `${spelled}: ${answer.status}`).toContain(answer.status);
        expect(answer.text).not.toContain("hidden");
      }
    }
    const challenge = await scene.get("ada.test", "/.well-known/acme-challenge/token");
    expect(challenge).toMatchObject({ status: 200, text: "token" });
  });
}

function scripts(stage: WebStage, subject: WebSubject): void {
  stage.look("a request header never becomes the proxy of a script", async (scene) => {
    scene.write(
      stage.the("ada"),
      "proxy.php",
      '<?php echo "[", getenv("HTTP_PROXY"), $_SERVER["HTTP_PROXY"] ?? "", "]";',
    );
    for (const name of ["Proxy", "proxy", "PROXY"]) {
      const answer = await scene.get("ada.test", "/proxy.php", { headers: { [name]: "http://evil.example:1" } });
      expect(answer).toMatchObject({ status: 200, text: "[]" });
    }
  });

  stage.look("a file that is no script is never run, whatever follows its name", async (scene) => {
    scene.write(stage.the("ada"), "upload.jpg", "<?php echo 'was', ' run';");
    for (const rest of ["/x.php", "/.php", "%00.php", ";x.php", "/upload.php", "%2fx.php", "?x.php", ".php"]) {
      expect((await scene.get("ada.test", `/upload.jpg${rest}`)).text, rest).not.toContain("was run");
    }
  });

  stage.look("a script is never shown", async (scene) => {
    for (const path of [
      "/index.php",
      "/index.php?x",
      "/index.php/",
      "/index.php%20",
      "/index.php.",
      "/index.php%00",
      "/index%2ephp",
    ]) {
      expect((await scene.get("ada.test", path)).text, path).not.toContain("<?php");
    }
  });

  if (subject.can.pathInfo) {
    stage.look("a script gets what follows its name", async (scene) => {
      scene.write(
        stage.the("ada"),
        "info.php",
        '<?php echo $_SERVER["PATH_INFO"] ?? "", "|", $_SERVER["SCRIPT_NAME"];',
      );
      const answer = await scene.get("ada.test", "/info.php/a/b.php?c=d");
      expect(answer).toMatchObject({ status: 200, text: "/a/b.php|/info.php" });
    });
  } else {
    stage.look("nothing that follows a script's name is taken", async (scene) => {
      expect((await scene.get("ada.test", "/index.php/a/b")).status).toBe(404);
    });
  }
}

/** Tenants are users of their own: no link and no path leads from one to the other. */
function foreignFiles(stage: WebStage, subject: WebSubject): void {
  stage.look("a link is followed to what has the same owner, and never to what is another's", async (scene) => {
    const [ada, bob] = [stage.the("ada"), stage.the("bob")];
    scene.panel.link(ada.home_dir, "public_html/own.txt", "page.txt");
    const own = await scene.get("ada.test", "/own.txt");
    if (subject.can.ownLinks) expect(own).toMatchObject({ status: 200, text: "ada" });
    else expect([403, 404]).toContain(own.status);
    const root = `${ada.home_dir}/public_html`;
    scene.panel.link(bob.home_dir, "public_html/file.txt", `${root}/page.txt`);
    scene.panel.link(bob.home_dir, "public_html/script.php", `${root}/index.php`);
    scene.panel.link(bob.home_dir, "public_html/folder", root);
    scene.panel.link(bob.home_dir, "public_html/passwd.txt", "/etc/passwd");
    for (const path of ["/file.txt", "/script.php", "/folder/page.txt", "/folder/index.php", "/passwd.txt"]) {
      const answer = await scene.get("bob.test", path);
      expect(answer.status, path).not.toBe(200);
      expect(answer.text, path).not.toMatch(/ada|root:/);
    }
  });

  stage.step("a document root that was replaced by a link leads nowhere", async (scene) => {
    const [ada, bob] = [stage.the("ada"), stage.the("bob")];
    const stolen = await scene.addDomain(bob, "stolen.test", { document_root: "stolen" });
    scene.write(bob, "page.txt", "own", "stolen");
    expect((await scene.get("stolen.test", "/page.txt")).text).toBe("own");
    rmSync(join(bob.home_dir, "stolen"), { recursive: true });
    scene.panel.link(bob.home_dir, "stolen", `${ada.home_dir}/public_html`);
    for (const path of ["/page.txt", "/index.php", "/"]) {
      const answer = await scene.get("stolen.test", path);
      expect(answer.status, path).not.toBe(200);
      expect(answer.text, path).not.toContain("ada");
    }
    await scene.removeDomain(bob, stolen);
  });

  stage.look("no path climbs out of a document root", async (scene) => {
    const paths = ["/../page.txt", "/../../ada/public_html/page.txt", "/%2e%2e/%2e%2e/ada/public_html/page.txt"];
    for (const path of [...paths, "/..%2f..%2fada/public_html/page.txt", "/x/..%5c..%5cada", "/..;/..;/etc/passwd"]) {
      const answer = await scene.get("bob.test", path);
      expect(answer.text, path).not.toMatch(/^ada|root:/);
    }
  });
}
