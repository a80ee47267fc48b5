import { expect } from "vitest";
import { addRecord, type DnsStage, expectParity, leavesZone } from "./dns-scene.ts";
import type { DnsSubject } from "./dns-subject.ts";
import { until } from "./until.ts";
import { killDaemon } from "./web-breaking.ts";

/** What happens to the world, and how the panel takes it. */
export function breakingDns(stage: DnsStage, subject: DnsSubject): void {
  const world = () => subject.world(stage.scene.panel);

  stage.survive("drift", "is told what another hand took away, and mends it", async (scene) => {
    await addRecord(scene, stage.the("zone"), { type: "TXT", name: "drift", value: "as it should be" });
    await world().tamper("ada.test", "drift.ada.test", "TXT");
    const [found, ...others] = await scene.drift();
    expect(others).toEqual([]);
    expect(found).toMatchObject({ plugin: subject.plugin });
    expect(found?.diff).toContain("as it should be");
    await scene.change("reconcile/resolve", { id: found?.id, action: "mend" });
    await expectParity(scene, subject, stage.the("zone"));
  });

  stage.survive(
    "cut-off",
    "refuses a change whole while it cannot be reached, and goes on when it can",
    async (scene) => {
      const zone = stage.the("zone");
      const record = { zone_id: zone.id, type: "A", name: "late", value: "192.0.2.80" };
      const mend = await world().cutOff();
      try {
        const answer = await scene.post("dns/add-record", record);
        expect([answer.status, answer.text]).toEqual([503, expect.any(String)]);
      } finally {
        await mend();
      }
      await until("the panel to agree with itself", async () => {
        const { plan } = await scene.look<{ plan: unknown[] }>("reconcile/plan");
        return plan.length === 0;
      });
      expect(await world().answers("late.ada.test", "A")).toEqual([]);
      await scene.change("dns/add-record", record);
      await expectParity(scene, subject, zone);
    },
  );

  const { daemon } = subject.can;
  if (daemon !== undefined) {
    stage.survive(
      "kill",
      "comes back with everything when its daemon is killed, also in the middle of changes",
      async (scene) => {
        const zone = stage.the("zone");
        const adding = Array.from({ length: 20 }, (_, at) =>
          scene.post("dns/add-record", { zone_id: zone.id, type: "A", name: `killed${at}`, value: "192.0.2.90" }),
        );
        await killDaemon(scene, (name) => name === daemon);
        const answers = await Promise.all(adding);
        for (const { status, text } of answers) expect([200, 503], text).toContain(status);
        await until("the daemon to answer again", () => world().hasZone("ada.test"));
        await until("the panel to agree with itself", async () => {
          const { plan } = await scene.look<{ plan: unknown[] }>("reconcile/plan");
          return plan.length === 0;
        });
        await expectParity(scene, subject, zone);
      },
    );
  }

  if (subject.machine.smallDisk && daemon !== undefined) {
    stage.survive("full-disk", "refuses whole on a full disk, and goes on when there is space", async (scene) => {
      const { disk } = scene.panel;
      if (disk === undefined) throw new Error("the panel has no small disk");
      const zone = stage.the("zone");
      try {
        disk.fill(0);
        const record = { zone_id: zone.id, type: "A", name: "full", value: "192.0.2.91" };
        const answer = await scene.post("dns/add-record", record);
        expect([200, 503], answer.text).toContain(answer.status);
      } finally {
        disk.free();
      }
      await until("the panel to agree with itself", async () => {
        const { plan } = await scene.look<{ plan: unknown[] }>("reconcile/plan");
        return plan.length === 0;
      });
      await expectParity(scene, subject, zone);
    });
  }

  stage.look("is told nothing by a dry run", async (scene) => {
    const zone = stage.the("zone");
    await leavesZone(scene, subject, zone, () =>
      scene.panel.call("POST", "dns/add-record?dry_run=1", {
        zone_id: zone.id,
        type: "A",
        name: "dry",
        value: "192.0.2.1",
      }),
    );
  });
}
