import { join, relative } from "node:path";
import { expect } from "vitest";
import { filesNaming, listFiles } from "./tree.ts";
import { expectNobodysSite, type WebStage } from "./web-cast.ts";
import type { WebSubject } from "./web-subject.ts";

const adasScript =
  '<?php echo "ada runs as ", posix_geteuid(), "|", $_SERVER["REQUEST_METHOD"], "|", $_POST["a"] ?? "";';

const treeOf = (stage: WebStage, subject: WebSubject) => join(stage.scene.panel.paths.etc, subject.plugin);
const namesIn = (tree: string) => listFiles(tree).map((file) => relative(tree, file));

/** From an empty panel to two tenants with a site each. */
export function movingIn(stage: WebStage, subject: WebSubject): void {
  stage.step("is the one that was chosen, and leaves only its base when the last site goes", async (scene) => {
    const { web_server } = await scene.look<{ web_server: string }>("system/server-options");
    if (web_server !== subject.option)
      await scene.change("system/save-option", { key: "web_server", value: subject.option });
    const first = await scene.createAccount("early");
    expect(filesNaming(treeOf(stage, subject), ["early.test"]).length).toBeGreaterThan(0);
    scene.write(first, "page.txt", "early");
    expect(await scene.get("early.test", "/page.txt")).toMatchObject({ status: 200, text: "early" });
    await scene.change("accounts/terminate", { id: first.id });
    await expectNobodysSite(scene, "early.test");
    expect(filesNaming(treeOf(stage, subject), ["early.test"])).toEqual([]);
    stage.keep("bare", namesIn(treeOf(stage, subject)));
  });

  stage.step(
    "serves files and runs PHP as the account, never shows a script, never lists a directory",
    async (scene) => {
      const ada = await scene.createAccount("ada");
      stage.keep("ada", ada);
      scene.write(ada, "page.txt", "ada");
      scene.write(ada, "index.php", adasScript);
      scene.write(ada, "listed/secret-name.txt", "x");
      expect(await scene.get("ada.test", "/page.txt")).toMatchObject({ status: 200, text: "ada" });
      expect((await scene.get("ada.test", "/page.txt", { method: "HEAD" })).headers["content-length"]).toBe("3");
      const script = await scene.get("ada.test");
      expect(script).toMatchObject({ status: 200, text: expect.stringMatching(/^ada runs as \d+\|GET\|$/) });
      expect(script.headers["content-type"]).toMatch(/^text\/html/);
      const form = { "content-type": "application/x-www-form-urlencoded" };
      const posted = await scene.get("ada.test", "/index.php?b=2", { method: "POST", headers: form, body: "a=b%20c" });
      expect(posted).toMatchObject({ status: 200, text: expect.stringMatching(/\|POST\|b c$/) });
      expect((await scene.get("ada.test", "/none.txt")).status).toBe(404);
      expect((await scene.get("ada.test", "/none.php")).status).toBe(404);
      const listed = await scene.get("ada.test", "/listed/");
      expect([403, 404]).toContain(listed.status);
      expect(listed.text).not.toContain("secret-name");
    },
  );

  stage.step("serves another tenant beside the first", async (scene) => {
    const bob = await scene.createAccount("bob");
    stage.keep("bob", bob);
    scene.write(bob, "page.txt", "bob");
    expect(await scene.get("bob.test", "/page.txt")).toMatchObject({ status: 200, text: "bob" });
    expect(await scene.get("ada.test", "/page.txt")).toMatchObject({ status: 200, text: "ada" });
  });
}

/** Back to the empty panel. */
export function movingOut(stage: WebStage, subject: WebSubject): void {
  stage.step("with everything of a tenant, while the others stay", async (scene) => {
    const { id, home_dir } = stage.the("bob");
    expect(filesNaming(treeOf(stage, subject), ["bob.test"]).length).toBeGreaterThan(0);
    await scene.change("accounts/terminate", { id });
    await expectNobodysSite(scene, "bob.test");
    expect(filesNaming(scene.panel.paths.etc, ["bob.test", home_dir])).toEqual([]);
    expect(await scene.get("ada.test", "/page.txt")).toMatchObject({ status: 200, text: "ada" });
  });

  stage.step("with the last tenant, and leaves what was there before the first", async (scene) => {
    const { items } = await scene.look<{ items: { id: number }[] }>("accounts/list", { per_page: 100 });
    for (const { id } of items) await scene.change("accounts/terminate", { id });
    expect(namesIn(treeOf(stage, subject))).toEqual(stage.the("bare"));
    expect(filesNaming(scene.panel.paths.etc, ["ada.test", stage.the("ada").home_dir])).toEqual([]);
    await expectNobodysSite(scene, "ada.test");
  });

  stage.step("has nothing to do when it is asked again", async () => {});
}
