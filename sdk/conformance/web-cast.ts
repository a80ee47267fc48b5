import { expect } from "vitest";
import { expectRefusal, type Scene, type SceneAccount, type SceneDomain } from "./scene.ts";
import type { Stage } from "./stage.ts";
import { readTree } from "./tree.ts";
import { type WebCapability, type WebSubject, webCapabilities } from "./web-subject.ts";

/** Who and what the story is about. */
export interface WebCast {
  /** Files of the backend's tree while there is no site. */
  readonly bare: readonly string[];
  /** Owner of `ada.test`, whose `/page.txt` says `ada` and whose `/` is a script. */
  readonly ada: SceneAccount;
  /** Another tenant, owner of `bob.test`. */
  readonly bob: SceneAccount;
  /** An addon domain of ada. */
  readonly addon: SceneDomain;
}

export type WebStage = Stage<WebCast>;

/** Ada's page, which must never stop answering. */
export const adasPage = { host: "ada.test", path: "/page.txt", text: "ada" } as const;

/** A host that no site has is answered 404, for every path. */
export async function expectNobodysSite(scene: Scene, host: string): Promise<void> {
  for (const path of [adasPage.path, "/", "/index.php"]) {
    expect((await scene.get(host, path)).status, `${host}${path} is nobody's`).toBe(404);
  }
}

export interface GatedCase {
  readonly title: string;
  /** Runs when the subject claims the capability. */
  does(scene: Scene): Promise<void>;
  /** The change that needs it. Runs when the subject does not claim it, and must be refused without a trace. */
  needs(scene: Scene): ReturnType<Scene["post"]>;
}

/** A step that a claimed capability must pass, and an unclaimed one must refuse. */
export function gatedStep(stage: WebStage, subject: WebSubject, capability: WebCapability, one: GatedCase): void {
  if (subject.can[capability] !== undefined) {
    stage.step(one.title, one.does);
    return;
  }
  stage.step(`refuses what it cannot do: ${webCapabilities[capability].means}`, async (scene) => {
    const before = readTree(scene.panel.paths.etc);
    const domains = await scene.look("domains/list", { account_id: stage.the("ada").id });
    expectRefusal(await one.needs(scene));
    expect(readTree(scene.panel.paths.etc), "the configuration trees").toEqual(before);
    expect(await scene.look("domains/list", { account_id: stage.the("ada").id })).toEqual(domains);
  });
}
