import { expect } from "vitest";
import { expectRefusal, type Scene } from "./scene.ts";
import { gatedStep, type WebStage } from "./web-cast.ts";
import type { CustomIncludes, WebSubject } from "./web-subject.ts";

/** Configuration text that an admin adds to one site. */
export function customText(stage: WebStage, subject: WebSubject): void {
  const samples = subject.can.customIncludes;
  gatedStep(stage, subject, "customIncludes", {
    title: "holds for its own site, through every change of it and of its neighbours",
    needs: (scene) => save(stage, scene, { provider: subject.option, content: "anything" }),
    does: (scene) => survives(stage, scene, { provider: subject.option, samples: samples as CustomIncludes }),
  });

  stage.step("for another web server is kept, and means nothing here", async (scene) => {
    const backends = await scene.look<{ slot: string; id: string }[]>("system/detect");
    const other = backends.find(({ id, slot }) => slot === "web" && id !== subject.option);
    if (other === undefined) return;
    const foreign = { provider: other.id, content: "} ]]> <nonsense>" };
    await scene.change("domains/save-include", { domain_id: siteOf(stage), ...foreign });
    expect((await scene.get("addon.test", "/page.php")).status).toBe(200);
    await scene.change("domains/save-include", { domain_id: siteOf(stage), ...foreign, content: "" });
  });

  if (samples === undefined) return;
  stage.step("that reaches beyond its site is refused before the daemon sees it", async (scene) => {
    for (const content of samples.refused) {
      const refused = await scene.leavesFiles(() => save(stage, scene, { provider: subject.option, content }));
      expect(refused.status, content).toBe(422);
      await hasNone(stage, scene);
    }
  });

  stage.step("that the daemon's own test refuses leaves every byte as it was, and no request fails", async (scene) => {
    const work = () => save(stage, scene, { provider: subject.option, content: samples.broken });
    const page = { host: "ada.test", path: "/page.txt", text: "ada" };
    const refused = await scene.leavesFiles(() => scene.whileAnswering(page, work));
    expectRefusal(refused);
    expect(refused.text, "what was sent is not sent back").not.toContain(samples.broken);
    await hasNone(stage, scene);
  });

  stage.step("that the daemon refuses does not stop those who change something at the same time", async (scene) => {
    const ada = stage.the("ada");
    const names = Array.from({ length: 8 }, (_, at) => `beside${at}.test`);
    const [refused, ...added] = await Promise.all([
      save(stage, scene, { provider: subject.option, content: samples.broken }),
      ...names.map((name) => scene.addDomain(ada, name, { document_root: "public_html" })),
    ]);
    expectRefusal(refused);
    for (const name of names)
      expect(await scene.get(name, "/page.txt"), name).toMatchObject({ status: 200, text: "ada" });
    await Promise.all(added.map((domain) => scene.removeDomain(ada, domain)));
    await hasNone(stage, scene);
  });
}

const siteOf = (stage: WebStage) => stage.the("addon").id;

function save(stage: WebStage, scene: Scene, include: { readonly provider: string; readonly content: string }) {
  return scene.post("domains/save-include", { domain_id: siteOf(stage), ...include });
}

async function hasNone(stage: WebStage, scene: Scene): Promise<void> {
  expect(await scene.look("domains/includes", { domain_id: siteOf(stage) })).toEqual([]);
}

async function survives(
  stage: WebStage,
  scene: Scene,
  { provider, samples }: { readonly provider: string; readonly samples: CustomIncludes },
): Promise<void> {
  const { content, name, value } = samples.header;
  const headerOf = async (host: string, path: string) => (await scene.get(host, path)).headers[name.toLowerCase()];
  const holds = async (after: string) => {
    expect(await headerOf("addon.test", "/page.txt"), after).toBe(value);
    expect(await headerOf("addon.test", "/page.php"), after).toBe(value);
    expect(await headerOf("ada.test", "/page.txt"), after).toBeUndefined();
    expect(await headerOf("bob.test", "/page.txt"), after).toBeUndefined();
  };
  const include = { domain_id: siteOf(stage), provider, content };
  await scene.change("domains/save-include", include);
  await holds("it was saved");
  const neighbour = await scene.addDomain(stage.the("bob"), "neighbour.test");
  await holds("a neighbour came");
  await scene.removeDomain(stage.the("bob"), neighbour);
  await holds("a neighbour went");
  await scene.change("accounts/suspend", { id: stage.the("ada").id });
  expect((await scene.get("addon.test", "/page.txt")).status).toBe(503);
  await scene.change("accounts/unsuspend", { id: stage.the("ada").id });
  await holds("its account was suspended for a while");
  await scene.change("domains/update", { domain_id: siteOf(stage), document_root: "sites/new" });
  await holds("its own directory changed");
  await scene.isSettled();
  await scene.change("domains/save-include", { ...include, content: "" });
  expect(await headerOf("addon.test", "/page.txt")).toBeUndefined();
  expect((await scene.get("addon.test", "/page.txt")).status).toBe(200);
}
