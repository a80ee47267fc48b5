import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authority } from "../../plugins/certificates/testing/authority.ts";
import { askSecurely, shakeHands } from "../../sdk/conformance/tls-request.ts";
import type { Client } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";
import { createAccount, holderPassword, must } from "../harness/must.ts";
import { dig, transferKeyOf, transferZone } from "../harness/zone-transfer.ts";
import { changesBetween, stateOf } from "./state.ts";

/** What one tenant has of names: ids as the admin sees them. */
interface Holder {
  readonly account: number;
  readonly certificate: number;
  readonly zone: number;
  readonly records: readonly { readonly id: number; readonly type: string; readonly name: string }[];
}

describe("zones, records and certificates of two tenants", () => {
  let instance: TestInstance;
  let admin: Client;
  /** Logged in as alpha. */
  let alpha: Client;
  let own: Holder;
  let foreign: Holder;

  beforeAll(async () => {
    instance = await TestInstance.start();
    admin = await instance.admin();
    own = await holderOf((await createAccount(admin, "alpha")).id);
    foreign = await holderOf((await createAccount(admin, "beta")).id);
    alpha = instance.client();
    await must(alpha.login("alpha", holderPassword));
  });
  afterAll(async () => {
    authority.remove();
    await instance?.destroy();
  });

  const authority = new Authority();
  const made = authority.make("beta.test", { names: ["beta.test", "alpha.test"] });
  const pair = { certificate: made.certificate, private_key: made.key };

  async function holderOf(account: number): Promise<Holder> {
    const [certificate] = await must(admin.get("ssl/list", { account_id: account }));
    const [zone] = await must(admin.get("dns/list", { account_id: account }));
    const records = await must(admin.get("dns/records", { zone_id: zone.id }));
    return { account, certificate: certificate.id, zone: zone.id, records };
  }

  const missing: Holder = { account: 4711, certificate: 4711, zone: 4711, records: [] };

  /** Everything one can ask of somebody's names. */
  function doors(of: Holder): readonly (readonly [string, "GET" | "POST", string, Record<string, string | number>])[] {
    const record = { zone_id: of.zone, type: "A", name: "planted", value: "192.0.2.66" };
    const record_id = of.records[0]?.id ?? 4711;
    const upload = { account_id: of.account, domain: "beta.test", ...pair };
    return [
      ["certificates", "GET", "ssl/list", { account_id: of.account }],
      ["a certificate uploaded for it", "POST", "ssl/upload", upload],
      ["a certificate taken away", "POST", "ssl/delete", { id: of.certificate }],
      ["zones", "GET", "dns/list", { account_id: of.account }],
      ["records", "GET", "dns/records", { zone_id: of.zone }],
      ["what the name server says", "GET", "dns/dnssec-status", { zone_id: of.zone }],
      ["a record added", "POST", "dns/add-record", record],
      ["a record changed", "POST", "dns/update-record", { record_id, name: "@", value: "192.0.2.66", ttl: 60 }],
      ["a record deleted", "POST", "dns/delete-record", { record_id }],
      ["a zone reset", "POST", "dns/reset-zone", { zone_id: of.zone }],
      ["a zone deleted", "POST", "dns/delete-zone", { zone_id: of.zone }],
      ["a zone signed", "POST", "dns/dnssec-enable", { zone_id: of.zone }],
      ["a zone unsigned", "POST", "dns/dnssec-disable", { zone_id: of.zone }],
      ["a zone for it", "POST", "dns/add-zone", { account_id: of.account, domain: "planted.test" }],
    ];
  }

  it("are out of each other's reach, and look as if they were not there", async () => {
    const before = await stateOf(instance);
    const nowhere = doors(missing);
    for (const [at, [name, method, path, input]] of doors(foreign).entries()) {
      const ask = (values: Record<string, string | number>) =>
        method === "GET" ? alpha.get(path, values) : alpha.post(path, values);
      const [there, absent] = [await ask(input), await ask(nowhere[at]?.[3] ?? {})];
      expect(there.status, name).toBe(404);
      expect(there.text, name).toBe(absent.text);
      expect(there.text, name).not.toContain("beta");
    }
    expect(changesBetween(before, await stateOf(instance))).toEqual([]);
  });

  it("are not reached by way of one's own", async () => {
    const before = await stateOf(instance);
    const record = { zone_id: own.zone, type: "A", value: "192.0.2.66" };
    for (const name of [
      "beta.test.",
      "www.beta.test.",
      "victim.",
      "alpha.test.beta.test.",
      "x\nbeta.test. IN A 6.6.6.6",
    ]) {
      const { body, status } = await alpha.post("dns/add-record", { ...record, name });
      expect([status, body.errors?.[0]?.field], name).toEqual([400, "name"]);
    }
    // A whole name of somebody else is a name inside one's own zone, as long as no dot says otherwise.
    expect((await alpha.post("dns/add-record?dry_run=1", { ...record, name: "beta.test" })).status).toBe(200);
    for (const domain of ["beta.test", "x.beta.test", "www.beta.test", "test"]) {
      expect([400, 409], domain).toContain((await alpha.post("dns/add-zone", { domain })).status);
    }
    // The account is one's own, the domain is not.
    const upload = { account_id: own.account, ...pair };
    expect((await alpha.post("ssl/upload", { ...upload, domain: "beta.test" })).status).toBe(404);
    expect(changesBetween(before, await stateOf(instance))).toEqual([]);
  });

  it("do not answer for each other", async () => {
    const at = { address: "127.0.0.1", port: instance.ports.services + 443 };
    await must(alpha.post("ssl/upload", { domain: "alpha.test", ...pair }));
    const shown = async (name: string) => (await shakeHands(at, name))?.certificate.fingerprint256;
    const [uploaded, others] = [await shown("alpha.test"), await shown("beta.test")];
    expect(others).not.toBe(uploaded);
    // The certificate names both: it is still alpha's alone.
    expect((await shakeHands(at, "beta.test"))?.certificate.subjectaltname).toBe("DNS:beta.test");
    for (const host of ["beta.test", "alpha.test"]) {
      const { status, text } = await askSecurely(at, { host, path: "/.well-known/patchbay/site", sni: "alpha.test" });
      expect(status === 200 ? text.split(" ")[0] : host).toBe(host);
    }
  });

  it("are given to no stranger as a whole, and changed by none", async () => {
    const key = await transferKeyOf(admin);
    const before = transferZone(instance, key, "beta.test");
    expect(before.length).toBeGreaterThan(5);
    expect(dig(instance, "AXFR", "beta.test")).toContain("Transfer failed");
    expect(dig(instance, "IXFR=1", "beta.test", "+tcp")).not.toContain("beta.test.\t");
    const update = [
      `server 127.0.0.1 ${instance.ports.services + 53}`,
      "zone beta.test",
      "update add planted.beta.test 60 A 192.0.2.66",
      "send",
      "",
    ].join("\n");
    for (const words of [[], ["-y", key]]) {
      const { status, stderr } = spawnSync("nsupdate", words, { input: update, encoding: "utf8" });
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/REFUSED|NOTAUTH/);
    }
    expect(transferZone(instance, key, "beta.test")).toEqual(before);
    // Recursion would make the server speak for others.
    expect(dig(instance, "elsewhere.example.org", "A")).toMatch(/status: REFUSED/);
  });

  it("go with their tenant, and come back to nobody", async () => {
    const key = await transferKeyOf(admin);
    await must(admin.post("accounts/terminate", { id: foreign.account }));
    expect(transferZone(instance, key, "beta.test")).toEqual([]);
    expect(dig(instance, "beta.test", "SOA")).toMatch(/status: REFUSED/);
    await must(alpha.post("domains/add", { domain: "beta.test", type: "addon" }));
    const zones = await must(alpha.get("dns/list"));
    const next = zones.find(({ domain }: { domain: string }) => domain === "beta.test");
    expect(next.id).not.toBe(foreign.zone);
    const names = transferZone(instance, key, "beta.test").map(({ name, type }) => `${name} ${type}`);
    expect(names.filter((name) => name.includes("planted"))).toEqual([]);
    const at = { address: "127.0.0.1", port: instance.ports.services + 443 };
    expect((await shakeHands(at, "beta.test"))?.certificate.subjectaltname).toBe("DNS:beta.test");
    expect((await must(admin.get("reconcile/plan"))).plan).toEqual([]);
  });
});
