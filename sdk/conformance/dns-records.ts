import { expect } from "vitest";
import {
  addRecord,
  type DnsStage,
  expectParity,
  leavesZone,
  recordsOf,
  type SceneRecord,
  toComparable,
  zoneOf,
  zonesOf,
} from "./dns-scene.ts";
import type { DnsSubject } from "./dns-subject.ts";
import type { Scene } from "./scene.ts";
import { filesNaming } from "./tree.ts";
import { until } from "./until.ts";

/** From an empty panel to a tenant with a zone. */
export function movingIn(stage: DnsStage, subject: DnsSubject): void {
  stage.step("is the one that was chosen, and gives a new domain a zone from the template", async (scene) => {
    const { dns_server } = await scene.look<{ dns_server: string }>("system/server-options");
    if (dns_server !== subject.option)
      await scene.change("system/save-option", { key: "dns_server", value: subject.option });
    const ada = await scene.createAccount("ada");
    stage.keep("ada", ada);
    const zone = await zoneOf(scene, ada, "ada.test");
    stage.keep("zone", zone);
    const types = new Set((await recordsOf(scene, zone)).map(({ name, type }) => `${name} ${type}`));
    for (const wanted of ["@ A", "@ NS", "@ MX", "@ TXT"]) expect([...types]).toContain(wanted);
    await expectParity(scene, subject, zone);
  });

  stage.step("serves another tenant's zone beside the first, and a subdomain inside its parent", async (scene) => {
    const bob = await scene.createAccount("bob");
    stage.keep("bob", bob);
    const ada = stage.the("ada");
    await scene.addDomain(ada, "shop.ada.test", { type: "subdomain" });
    await scene.addDomain(ada, "second.test");
    expect((await zonesOf(scene, ada)).map(({ domain }) => domain).sort()).toEqual(["ada.test", "second.test"]);
    for (const [account, name] of [
      [ada, "ada.test"],
      [ada, "second.test"],
      [bob, "bob.test"],
    ] as const) {
      await expectParity(scene, subject, await zoneOf(scene, account, name));
    }
    expect(await subject.world(scene.panel).answers("shop.ada.test", "A")).toHaveLength(1);
  });
}

const samples: readonly Readonly<Record<string, unknown>>[] = [
  { type: "A", name: "host", value: "192.0.2.10" },
  { type: "A", name: "host", value: "192.0.2.11" },
  { type: "A", name: "*.wild", value: "192.0.2.12", ttl: 300 },
  { type: "AAAA", name: "host", value: "2001:DB8:0:0:0:0:0:10" },
  { type: "CNAME", name: "alias", value: "host.ada.test" },
  { type: "MX", name: "lists", value: "mx.example.org", priority: 20 },
  { type: "TXT", name: "long", value: "x".repeat(700) },
  { type: "TXT", name: "quoted", value: 'says "hello"; and goes on' },
  { type: "TXT", name: "_dmarc", value: "v=DMARC1; p=none" },
  { type: "NS", name: "delegated", value: "ns.example.org" },
  { type: "SRV", name: "_sip._tcp", value: "5 5060 sip.ada.test", priority: 10 },
  { type: "CAA", name: "@", value: '0 issue "ca.example.org"' },
  { type: "PTR", name: "ptr", value: "host.ada.test" },
];

export function changingRecords(stage: DnsStage, subject: DnsSubject): void {
  for (const sample of samples) {
    const title = `${sample["type"]} ${sample["name"]} ${String(sample["value"]).slice(0, 20)}`;
    stage.step(`answers ${title}`, async (scene) => {
      await addRecord(scene, stage.the("zone"), sample);
      await expectParity(scene, subject, stage.the("zone"));
    });
  }

  stage.step("answers the text as it was given", async (scene) => {
    const { answers } = subject.world(scene.panel);
    const [long] = await answers("long.ada.test", "TXT");
    expect(toComparable("TXT", long ?? "")).toBe("x".repeat(700));
  });

  stage.step("changes a record, and only that", async (scene) => {
    const zone = stage.the("zone");
    const record = (await recordsOf(scene, zone)).find(({ value }) => value === "192.0.2.11") as SceneRecord;
    await scene.change("dns/update-record", { record_id: record.id, name: "host", value: "192.0.2.99", ttl: 600 });
    await expectParity(scene, subject, zone);
    expect([...(await subject.world(scene.panel).answers("host.ada.test", "A"))].sort()).toEqual([
      "192.0.2.10",
      "192.0.2.99",
    ]);
  });

  stage.step("moves a record to another name, and takes one away", async (scene) => {
    const zone = stage.the("zone");
    const { answers } = subject.world(scene.panel);
    const records = await recordsOf(scene, zone);
    const find = (value: string) => records.find((record) => record.value === value) as SceneRecord;
    await scene.change("dns/update-record", {
      record_id: find("192.0.2.99").id,
      name: "moved",
      value: "192.0.2.99",
      ttl: 600,
    });
    expect(await answers("host.ada.test", "A")).toEqual(["192.0.2.10"]);
    expect(await answers("moved.ada.test", "A")).toEqual(["192.0.2.99"]);
    await scene.change("dns/delete-record", { record_id: find("192.0.2.10").id });
    expect(await answers("host.ada.test", "A")).toEqual([]);
    await expectParity(scene, subject, zone);
  });

  stage.look("refuses what no zone may hold, and leaves it alone", async (scene) => {
    const zone = stage.the("zone");
    for (const wrong of [
      { type: "A", name: "alias", value: "192.0.2.1" },
      { type: "CNAME", name: "@", value: "host.ada.test" },
      { type: "CNAME", name: "moved", value: "host.ada.test" },
      { type: "A", name: "outside.bob.test.", value: "192.0.2.1" },
      { type: "A", name: "bad", value: "192.0.2.256" },
      { type: "MX", name: "bad", value: "mail\nevil.test", priority: 10 },
      { type: "TXT", name: "bad", value: "a\u0000b" },
    ]) {
      const answer = await leavesZone(scene, subject, zone, () =>
        scene.post("dns/add-record", { zone_id: zone.id, ...wrong }),
      );
      expect([JSON.stringify(wrong), Math.floor(answer.status / 100)]).toEqual([JSON.stringify(wrong), 4]);
    }
  });

  stage.step("takes a hundred changes at once", async (scene) => {
    const zone = stage.the("zone");
    const names = Array.from({ length: 100 }, (_, at) => `many${at}`);
    await Promise.all(names.map((name) => addRecord(scene, zone, { type: "A", name, value: "192.0.2.50" })));
    await expectParity(scene, subject, zone);
  });

  stage.step("goes on answering for a suspended account", async (scene) => {
    const { id } = stage.the("ada");
    await scene.change("accounts/suspend", { id, reason: "a test" });
    await expectParity(scene, subject, stage.the("zone"));
    await scene.change("accounts/unsuspend", { id });
  });

  if (subject.can.serial) growingSerial(stage, subject);
  if (subject.can.dnssec) signing(stage, subject);
  const { refusesStrangers } = subject.can;
  if (refusesStrangers) {
    stage.look("refuses transfers and updates to strangers", async (scene) => {
      const letThrough = await leavesZone(scene, subject, stage.the("zone"), () =>
        refusesStrangers(scene.panel, "ada.test"),
      );
      expect(letThrough).toEqual([]);
    });
  }
}

function growingSerial(stage: DnsStage, subject: DnsSubject): void {
  stage.step("has a serial that only grows", async (scene) => {
    const serial = async () => Number((await subject.world(scene.panel).answers("ada.test", "SOA"))[0]?.split(" ")[2]);
    const seen = [await serial()];
    for (const value of ["192.0.2.61", "192.0.2.62", "192.0.2.63"]) {
      await addRecord(scene, stage.the("zone"), { type: "A", name: "serial", value });
      seen.push(await serial());
    }
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });
}

function signing(stage: DnsStage, subject: DnsSubject): void {
  const status = (scene: Scene) =>
    scene.look<{ enabled: boolean; ds: string[] }>("dns/dnssec-status", { zone_id: stage.the("zone").id });
  stage.step("signs a zone and tells what the parent needs, and stops signing", async (scene) => {
    const zone_id = stage.the("zone").id;
    expect(await status(scene)).toMatchObject({ enabled: false, ds: [] });
    await scene.change("dns/dnssec-enable", { zone_id });
    await until("the zone to be signed", async () => (await status(scene)).ds.length > 0);
    expect((await status(scene)).ds[0]).toMatch(/^\d+ \d+ \d+ [0-9A-Fa-f]{64}$/);
    await addRecord(scene, stage.the("zone"), { type: "A", name: "signed", value: "192.0.2.70" });
    await expectParity(scene, subject, stage.the("zone"));
    await scene.change("dns/dnssec-disable", { zone_id });
    expect(await status(scene)).toMatchObject({ enabled: false, ds: [] });
    await expectParity(scene, subject, stage.the("zone"));
  });
}

/** Back to the empty panel. */
export function movingOut(stage: DnsStage, subject: DnsSubject): void {
  stage.step("with one domain, while the others stay", async (scene) => {
    const ada = stage.the("ada");
    const domain = await scene.look<{ id: number; domain: string }[]>("domains/list", { account_id: ada.id });
    const second = domain.find(({ domain: name }) => name === "second.test");
    await scene.change("domains/remove", { account_id: ada.id, domain_id: second?.id });
    const { answers } = subject.world(scene.panel);
    expect(await answers("second.test", "A")).toEqual([]);
    await expectParity(scene, subject, stage.the("zone"));
  });

  stage.step("with all tenants, and leaves none of their records", async (scene) => {
    for (const account of [stage.the("ada"), stage.the("bob")])
      await scene.change("accounts/terminate", { id: account.id });
    const { answers } = subject.world(scene.panel);
    for (const name of ["ada.test", "bob.test", "long.ada.test", "many7.ada.test"]) {
      expect([name, await answers(name, "A"), await answers(name, "TXT")]).toEqual([name, [], []]);
    }
    expect(filesNaming(scene.panel.paths.etc, ["ada.test", "bob.test"])).toEqual([]);
  });

  stage.step("has nothing to do when it is asked again", async () => {});
}
