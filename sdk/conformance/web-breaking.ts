import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { expect } from "vitest";
import type { Scene } from "./scene.ts";
import { readTree } from "./tree.ts";
import { until } from "./until.ts";
import { adasPage, type WebStage } from "./web-cast.ts";
import type { WebSubject } from "./web-subject.ts";

/** A daemon that died is back within this time. Milliseconds. */
export const backWithin = 5000;

/** The world is changed by another hand, or fails. */
export function breakingAndMending(stage: WebStage, subject: WebSubject): void {
  stage.step(
    "reports a file that was changed by hand, with the difference, and writes its own again",
    async (scene) => {
      const { path, text } = scene.fileNaming(subject.plugin, "addon.test");
      appendFileSync(path, "# by another hand\n");
      const [drift, ...others] = await scene.drift();
      expect(others).toEqual([]);
      expect(drift).toMatchObject({ plugin: subject.plugin, kind: "changed" });
      expect(path.endsWith(`/${drift?.target}`), "names the file").toBe(true);
      expect(drift?.diff).toMatch(/^\+# by another hand$/m);
      await scene.change("reconcile/run");
      expect(readFileSync(path, "utf8"), "a run leaves it alone").toContain("# by another hand");
      const mend = { id: drift?.id, action: "mend" };
      await scene.whileAnswering(adasPage, () => scene.change("reconcile/resolve", mend));
      expect(readFileSync(path, "utf8")).toBe(text);
    },
  );

  stage.survive("drift", "writes a file again that was deleted", async (scene) => {
    const { path, text } = scene.fileNaming(subject.plugin, "addon.test");
    rmSync(path);
    expect(await scene.drift()).toMatchObject([{ kind: "missing" }]);
    await scene.whileAnswering(adasPage, () => scene.change("reconcile/run"));
    expect(readFileSync(path, "utf8")).toBe(text);
    expect((await scene.get("addon.test", "/page.txt")).status).toBe(200);
  });

  stage.survive("kill", `is back within ${backWithin / 1000} s of a kill`, async (scene) => {
    const before = await killDaemon(scene, (name) => name === subject.service);
    const answers = async () => (await scene.get(adasPage.host, adasPage.path)).text === adasPage.text;
    await until("the site to answer again", answers, backWithin);
    const again = () => scene.panel.daemons().find(({ name }) => name === subject.service)?.pid;
    await until("another daemon", () => again() !== undefined && again() !== before, backWithin);
    const added = await scene.addDomain(stage.the("ada"), "risen.test", { document_root: "public_html" });
    expect((await scene.get("risen.test", "/page.txt")).status).toBe(200);
    await scene.removeDomain(stage.the("ada"), added);
  });

  if (subject.machine.smallDisk) fullDisk(stage);
}

/** Kills one daemon as the kernel of the machine would. Returns the pid it had. */
export async function killDaemon(scene: Scene, isIt: (name: string) => boolean): Promise<number> {
  const found = scene.panel.daemons().find(({ name }) => isIt(name));
  if (found === undefined) throw new Error("there is no such daemon to kill");
  process.kill(found.pid, "SIGKILL");
  return found.pid;
}

function fullDisk(stage: WebStage): void {
  stage.survive(
    "full-disk",
    "keeps serving on a full disk, refuses whole, and goes on when there is space",
    async (scene) => {
      const ada = stage.the("ada");
      const { disk } = scene.panel;
      if (disk === undefined) throw new Error("the panel has no small disk");
      for (const left of [0, 8192, 32_768, 131_072]) {
        const input = { account_id: ada.id, domain: `full${left}.test`, type: "addon", document_root: "public_html" };
        try {
          disk.fill(left);
          const add = () => scene.whileAnswering(adasPage, () => scene.post("domains/add", input));
          const answer = await refusedWhole(scene, add);
          disk.free();
          await until("the panel to agree with itself", async () => isQuiet(scene));
          if (answer.status !== 200) expect((await scene.post("domains/add", input)).status).toBe(200);
        } finally {
          disk.free();
        }
        expect(await scene.get(input.domain, "/page.txt")).toMatchObject({ status: 200, text: "ada" });
      }
    },
  );
}

/** Nothing is refused in part: an error leaves every file as it was. */
async function refusedWhole(scene: Scene, work: () => ReturnType<Scene["post"]>): ReturnType<Scene["post"]> {
  const before = readTree(scene.panel.paths.etc);
  const answer = await work();
  expect([200, 503], answer.text).toContain(answer.status);
  if (answer.status !== 200) expect(readTree(scene.panel.paths.etc), "the configuration trees").toEqual(before);
  return answer;
}

async function isQuiet(scene: Scene): Promise<boolean> {
  const { plan } = await scene.look<{ plan: unknown[] }>("reconcile/plan");
  return plan.length === 0;
}
