import { expect } from "vitest";
import type { SceneDomain } from "./scene.ts";
import { adasPage, expectNobodysSite, gatedStep, type WebStage } from "./web-cast.ts";
import type { WebSubject } from "./web-subject.ts";

/** 253 characters: the longest name there is. */
const longName = `${["a", "b", "c"].map((letter) => letter.repeat(63)).join(".")}.${"d".repeat(56)}.test`;

/** Targets that mean something to one web server or another. All are URLs as the panel stores them. */
const hostileTargets = [
  "https://elsewhere.example/path?a=1&b=$host",
  "https://elsewhere.example/$uri/$1/%1/%%7d",
  "https://elsewhere.example/?x=%{HTTP_HOST}&y=${pb_site}&z=%25",
  "https://elsewhere.example/a|b;c,d?e={f}&g=[h]#i{j}|k",
  "https://elsewhere.example/?q=%22%3B%7D%20return%20200%20%22x%22%3B",
  "https://elsewhere.example/(.*)'`^~?q=(?<a>.*)'`",
  "http://elsewhere.example:8080/#",
] as const;

/** The kinds of site there are, and how they change. */
export function servingSites(stage: WebStage, subject: WebSubject): void {
  stage.step("an addon domain and a subdomain, each from its own directory", async (scene) => {
    const ada = stage.the("ada");
    const addon = await scene.addDomain(ada, "addon.test");
    stage.keep("addon", addon);
    const shop = await scene.addDomain(ada, "shop.ada.test", { type: "subdomain" });
    const below = ({ document_root }: SceneDomain) => document_root.slice(ada.home_dir.length + 1);
    scene.write(ada, "page.txt", "addon", below(addon));
    scene.write(ada, "page.php", '<?php echo "addon ", $_SERVER["SERVER_NAME"];', below(addon));
    scene.write(ada, "page.txt", "shop", below(shop));
    expect(await scene.get("addon.test", "/page.txt")).toMatchObject({ status: 200, text: "addon" });
    expect(await scene.get("addon.test", "/page.php")).toMatchObject({ status: 200, text: "addon addon.test" });
    expect(await scene.get("shop.ada.test", "/page.txt")).toMatchObject({ status: 200, text: "shop" });
    expect(await scene.get("ada.test", "/page.txt")).toMatchObject({ status: 200, text: "ada" });
    await expectNobodysSite(scene, "other.ada.test");
    await expectNobodysSite(scene, "sub.addon.test");
  });

  gatedStep(stage, subject, "aliases", {
    title: "an alias, until it is removed",
    needs: (scene) => scene.post("domains/add-alias", { domain_id: mainOf(stage), alias: "alias.test" }),
    does: async (scene) => {
      const alias = { domain_id: mainOf(stage), alias: "alias.test" };
      await scene.change("domains/add-alias", alias);
      await scene.change("domains/add-alias", { ...alias, alias: "second.test" });
      expect(await scene.get("alias.test", "/page.txt")).toMatchObject({ status: 200, text: "ada" });
      await scene.change("domains/remove-alias", alias);
      await expectNobodysSite(scene, "alias.test");
      expect(await scene.get("second.test", "/page.txt")).toMatchObject({ status: 200, text: "ada" });
      expect(await scene.get("ada.test", "/page.txt")).toMatchObject({ status: 200, text: "ada" });
    },
  });

  gatedStep(stage, subject, "internationalNames", {
    title: "an international name, under the labels the panel answers",
    needs: (scene) => add(stage, scene, { domain: "bücher.test" }),
    does: async (scene) => {
      const { domain } = await scene.addDomain(stage.the("ada"), "BÜCHER.test", { document_root: "public_html" });
      expect(domain).toBe("xn--bcher-kva.test");
      expect(await scene.get(domain, "/page.txt")).toMatchObject({ status: 200, text: "ada" });
    },
  });

  gatedStep(stage, subject, "longNames", {
    title: "a name of 253 characters, beside short ones",
    needs: (scene) => add(stage, scene, { domain: longName }),
    does: async (scene) => {
      expect(longName.length).toBe(253);
      const added = await scene.addDomain(stage.the("ada"), longName, { document_root: "public_html" });
      expect(added.domain).toBe(longName);
      expect(await scene.get(longName, "/page.txt")).toMatchObject({ status: 200, text: "ada" });
      await expectNobodysSite(scene, `e${longName.slice(1)}`);
    },
  });

  redirects(stage, subject);
  movingAndStopping(stage);
}

type SceneOf = WebStage["scene"];

const mainOf = (stage: WebStage) => stage.the("ada").domains[0]?.id;

function add(stage: WebStage, scene: SceneOf, domain: Readonly<Record<string, unknown>>) {
  const input = { account_id: stage.the("ada").id, type: "addon", document_root: "public_html" };
  return scene.post("domains/add", { ...input, ...domain });
}

function redirects(stage: WebStage, subject: WebSubject): void {
  gatedStep(stage, subject, "redirects", {
    title: "redirects to exactly the stored target, whatever the request was",
    needs: (scene) => {
      const redirect = { type: "redirect", redirect_to: "https://elsewhere.example/" };
      return scene.post("domains/add", { account_id: stage.the("ada").id, domain: "to.test", ...redirect });
    },
    does: async (scene) => {
      const first = { type: "redirect", redirect_to: hostileTargets[0], redirect_code: 302 };
      const { id, redirect_to } = await scene.addDomain(stage.the("ada"), "to.test", first);
      expect(await seen(scene)).toEqual([302, redirect_to]);
      for (const target of hostileTargets) {
        const update = { domain_id: id, redirect_to: target, redirect_code: 301 };
        const stored = await scene.change<SceneDomain>("domains/update", update);
        expect(await seen(scene), target).toEqual([301, stored.redirect_to]);
        expect(await seen(scene, "/x/y.php?q=$host", "POST"), target).toEqual([301, stored.redirect_to]);
      }
    },
  });
}

async function seen(scene: SceneOf, path = "/", method: "GET" | "POST" = "GET") {
  const { status, headers } = await scene.get("to.test", path, { method });
  return [status, headers.location];
}

function movingAndStopping(stage: WebStage): void {
  stage.step("another document root, whatever it is called, at once and only that", async (scene) => {
    const ada = stage.the("ada");
    const { id: domain_id } = stage.the("addon");
    for (const root of ["sites/new", "it's (a) b, c=d @ e+f", "répertoire/été", "-x/- y"]) {
      await scene.change("domains/update", { domain_id, document_root: root });
      expect((await scene.get("addon.test", "/page.txt")).status, root).toBe(404);
      scene.write(ada, "page.txt", root, root);
      scene.write(ada, "page.php", '<?php echo "in ", basename(__DIR__);', root);
      expect(await scene.get("addon.test", "/page.txt")).toMatchObject({ status: 200, text: root });
      const script = await scene.get("addon.test", "/page.php");
      expect(script).toMatchObject({ status: 200, text: `in ${root.split("/").at(-1)}` });
    }
    expect((await scene.post("domains/update", { domain_id, document_root: "/etc" })).status).toBe(400);
  });

  stage.step("503 for everything of a suspended account, and all of it again afterwards", async (scene) => {
    const { id } = stage.the("ada");
    const hosts = (await scene.look<SceneDomain[]>("domains/list", { account_id: id })).map(({ domain }) => domain);
    await scene.change("accounts/suspend", { id, reason: "unpaid" });
    for (const host of hosts) {
      for (const path of ["/", "/page.txt", "/index.php", "/none.txt"]) {
        const answer = await scene.get(host, path);
        expect([host, path, answer.status]).toEqual([host, path, 503]);
        expect(answer.text.toLowerCase()).toContain("suspended");
      }
    }
    expect((await scene.get("ada.test", "/index.php", { method: "POST", body: "a=1" })).status).toBe(503);
    expect(await scene.get("bob.test", "/page.txt")).toMatchObject({ status: 200, text: "bob" });
    await scene.isSettled();
    await scene.change("accounts/unsuspend", { id });
    expect(await scene.get(adasPage.host, adasPage.path)).toMatchObject({ status: 200, text: adasPage.text });
    expect((await scene.get("ada.test")).status).toBe(200);
  });

  stage.step("the same as before when a PHP version is asked for that is not installed", async (scene) => {
    const update = { domain_id: stage.the("addon").id, php_version: "5.2" };
    const refused = await scene.leavesFiles(() => scene.post("domains/update", update));
    expect(refused).toMatchObject({ status: 400, code: "PHP_VERSION_ABSENT" });
    expect((await scene.get("addon.test", "/page.php")).status).toBe(200);
  });

  stage.step("nothing of a domain that was removed, while its files stay", async (scene) => {
    const ada = stage.the("ada");
    const gone = await scene.addDomain(ada, "gone.test", { document_root: "sites/new" });
    expect((await scene.get("gone.test", "/page.txt")).status).toBe(200);
    await scene.removeDomain(ada, gone);
    await expectNobodysSite(scene, "gone.test");
    const again = await scene.addDomain(ada, "gone.test", { document_root: "sites/new" });
    expect((await scene.get("gone.test", "/page.txt")).status).toBe(200);
    await scene.removeDomain(ada, again);
  });
}
