import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { askSite, KeptConnection } from "./site-request.ts";
import { slowly } from "./slow-script.ts";
import { until } from "./until.ts";
import { adasPage, type WebStage } from "./web-cast.ts";
import type { WebSubject } from "./web-subject.ts";

const many = 50;
/** Batches that fifty changes at once may take: far fewer than fifty. */
const mostApplies = 10;

/** Changes while visitors are there. */
export function changingUnderLoad(stage: WebStage, subject: WebSubject): void {
  stage.step("adds fifty domains at once: each answers when its call returns, with few reloads", async (scene) => {
    const ada = stage.the("ada");
    const before = await scene.panel.applies();
    const added = await scene.whileAnswering(adasPage, () =>
      Promise.all(
        Array.from({ length: many }, async (_, at) => {
          const domain = await scene.addDomain(ada, `many${at}.test`, { document_root: "public_html" });
          expect(await scene.get(domain.domain, "/page.txt")).toMatchObject({ status: 200, text: "ada" });
          return domain;
        }),
      ),
    );
    expect((await scene.panel.applies()) - before).toBeLessThanOrEqual(mostApplies);
    await scene.isSettled();
    await scene.whileAnswering(adasPage, () => Promise.all(added.map((domain) => scene.removeDomain(ada, domain))));
    for (const { domain } of added) expect((await scene.get(domain, "/page.txt")).status, domain).toBe(404);
  });

  stage.step("lets a slow script and a slow download end that began before", async (scene) => {
    const ada = stage.the("ada");
    scene.write(ada, "slow.php", `<?php ${slowly(1.5)} echo "slow, and whole";`);
    const size = 24 * 1024 * 1024;
    scene.write(ada, "large.bin", Buffer.alloc(size, 7));
    let go: () => void = () => {};
    const changed = new Promise<void>((resolve) => {
      go = resolve;
    });
    const large = { host: "ada.test", path: "/large.bin" };
    const slow = scene.get("ada.test", "/slow.php");
    const download = askSite(scene.panel.http, large, { pause: () => changed });
    await sleep(200);
    const added = await scene.whileAnswering(adasPage, () => scene.addDomain(ada, "meanwhile.test"));
    go();
    expect(await slow).toMatchObject({ status: 200, text: "slow, and whole" });
    expect(await download).toMatchObject({ status: 200, bytes: size });
    await scene.removeDomain(ada, added);
    scene.write(ada, "large.bin", "");
  });

  stage.step("goes on with a connection that was there before, with what is there now", async (scene) => {
    const kept = new KeptConnection(scene.panel.http);
    try {
      expect(await kept.ask({ host: adasPage.host, path: adasPage.path })).toMatchObject({ status: 200, text: "ada" });
      const added = await scene.addDomain(stage.the("ada"), "later.test", { document_root: "public_html" });
      expect(await kept.ask({ host: "later.test", path: "/page.txt" })).toMatchObject({ status: 200, text: "ada" });
      await scene.removeDomain(stage.the("ada"), added);
      expect(await kept.ask({ host: "later.test", path: "/page.txt" })).toMatchObject({ status: 404 });
    } finally {
      kept.close();
    }
  });

  stage.look(
    "writes down each site's requests, and those that failed, in what is the site's own log",
    async (scene) => {
      const read = (site: string, log: "access" | "errors") => {
        const logs = subject.logs(site);
        const file = join(scene.panel.paths.log, subject.plugin, logs[log]);
        const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
        return lines.filter((line) => logs.isOwn?.(line) ?? true).join("\n");
      };
      await scene.get("ada.test", "/page.txt?seen-by-ada");
      await scene.get("bob.test", "/missing-of-bob.txt");
      await until("the request to be logged", () => read("ada.test", "access").includes("seen-by-ada"));
      await until("the failure to be logged", () => read("bob.test", "errors").includes("missing-of-bob"));
      expect(read("ada.test", "errors")).not.toContain("seen-by-ada");
      expect(read("bob.test", "access")).not.toContain("seen-by-ada");
      expect(read("ada.test", "access") + read("ada.test", "errors")).not.toContain("missing-of-bob");
    },
  );
}
