import { rmSync } from "node:fs";
import { join } from "node:path";
import sqlite3 from "sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askSecurely, shakeHands } from "../../sdk/conformance/tls-request.ts";
import type { Client } from "../harness/client.ts";
import { filesUnder, whoami, writeIntoHome } from "../harness/files.ts";
import { TestInstance } from "../harness/instance.ts";
import { addDomain, createAccount, must, type NewAccount } from "../harness/must.ts";
import { until } from "../harness/wait.ts";
import { dig } from "../harness/zone-transfer.ts";

/** All that there is of certificates and zones, and that it was applied. */
const forget = `
DELETE FROM certificates; DELETE FROM dns_records; DELETE FROM dns_zones;
DELETE FROM ledger_units WHERE slot IN ('certificates', 'dns') AND unit_key <> '';
DELETE FROM ledger_files WHERE slot IN ('certificates', 'dns') AND unit_key <> '';`;

/** Runs statements on the database of an instance that does not run. */
function alter(instance: TestInstance, sql: string): Promise<void> {
  const db = new sqlite3.Database(join(instance.data, "panel", "panel.db"));
  return new Promise((resolve, reject) => {
    db.exec(sql, (failed) => db.close((error) => (failed || error ? reject(failed ?? error) : resolve())));
  });
}

describe("an instance from before there were certificates and zones", () => {
  let instance: TestInstance;
  let admin: Client;
  let accounts: readonly NewAccount[];

  const pemFiles = () => filesUnder(join(instance.data, "etc", "certificates")).filter((file) => file.endsWith(".pem"));
  const zones = async () => {
    const lists = await Promise.all(accounts.map(({ id }) => must(admin.get("dns/list", { account_id: id }))));
    return lists.flat() as { domain: string; serial: number }[];
  };
  const secure = () => ({ address: "127.0.0.1", port: instance.ports.services + 443 });

  beforeAll(async () => {
    instance = await TestInstance.start();
    admin = await instance.admin();
    const alice = await createAccount(admin, "alice");
    accounts = [alice, await createAccount(admin, "bob")];
    for (const { home_dir: home } of accounts) writeIntoHome(home, "public_html/index.php", whoami);
    const document_root = `${alice.home_dir}/public_html`;
    await addDomain(admin, alice, "shop.alice.test", { type: "subdomain", document_root: `${document_root}/shop` });
    writeIntoHome(alice.home_dir, "public_html/shop/index.php", whoami);
    await must(admin.post("domains/add-alias", { domain_id: alice.domains[0]?.id, alias: "alias.test" }));
    await instance.stop();
    expect(pemFiles()).toHaveLength(3);
    await alter(instance, forget);
    for (const file of pemFiles()) rmSync(file);
    await instance.up();
    admin = await instance.admin();
  });
  afterAll(async () => {
    admin?.close();
    await instance?.destroy();
  });

  it("serves all its sites over HTTPS after the start, under all their names", async () => {
    for (const host of ["alice.test", "shop.alice.test", "bob.test", "alias.test"]) {
      const ask = async () => (await askSecurely(secure(), { host, path: "/" })).text.startsWith("uid=");
      await until(`${host} over HTTPS`, ask);
      expect((await instance.site(host)).status, host).toBe(200);
    }
    const { certificate } = (await shakeHands(secure(), "alice.test")) ?? {};
    expect(certificate?.subjectaltname).toBe("DNS:alice.test, DNS:alias.test");
    expect(pemFiles()).toHaveLength(3);
  });

  it("has their zones, and answers for them", async () => {
    expect((await zones()).map(({ domain }) => domain)).toEqual(["alice.test", "bob.test"]);
    for (const name of ["alice.test", "shop.alice.test", "www.bob.test"]) {
      await until(`the address of ${name}`, () => dig(instance, "+short", name, "A") === "127.0.0.1\n");
    }
  });

  it("has nothing left to do, also at the next start", async () => {
    expect(await instance.cli("plan")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    const before = await zones();
    await instance.stop();
    await instance.up();
    admin = await instance.admin();
    expect(await zones()).toEqual(before);
    expect(await instance.cli("plan")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(instance.output.match(/rows were brought up to date/g)).toHaveLength(2);
  });
});
