import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import knex, { type Knex } from "knex";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesUnder } from "../harness/files.ts";
import { adminPassword, TestInstance } from "../harness/instance.ts";
import { createAccount, holderPassword, must } from "../harness/must.ts";
import { until } from "../harness/wait.ts";

describe("the audit log", () => {
  let instance: TestInstance;
  let kept: string;
  const panel = () => join(instance.data, "panel");

  beforeAll(async () => {
    instance = await TestInstance.start();
    const admin = await instance.admin();
    for (let at = 0; at < 6; at += 1) {
      await must(
        admin.post("packages/create", {
          name: `P${at}`,
          disk_mb: at,
          max_email: 1,
          max_databases: 1,
          max_ftp: 1,
          max_domains: 1,
          max_subdomains: 1,
        }),
      );
    }
    expect(await instance.cli("audit", "verify")).toMatchObject({ code: 0 });
    await instance.stop();
    kept = join(instance.dir, "kept");
    execFileSync("cp", ["-a", panel(), kept]);
  });
  afterAll(() => instance?.destroy());

  /** Changes the database of the stopped instance, lets it be verified, and puts it back. */
  async function verifyAfter(tamper: (db: Knex) => Promise<unknown>) {
    const db = knex({ client: "sqlite3", connection: { filename: join(panel(), "panel.db") }, useNullAsDefault: true });
    try {
      await tamper(db);
    } finally {
      await db.destroy();
    }
    const ended = await instance.cli("audit", "verify");
    for (const name of readdirSync(panel())) if (name.startsWith("panel.db")) rmSync(join(panel(), name));
    execFileSync("cp", ["-a", `${kept}/.`, panel()]);
    return ended;
  }

  const ids = async (db: Knex) => (await db("audit_log").orderBy("id").pluck("id")) as number[];

  it("verifies while nothing was touched", async () => {
    expect(await verifyAfter(async () => undefined)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok, \d+ records/),
    });
  });

  it("notices a record that was changed", async () => {
    const changed = await verifyAfter(async (db) => {
      const id = (await ids(db))[2];
      expect(await db("audit_log").where({ id }).update({ username: "somebody" })).toBe(1);
    });
    expect(changed).toMatchObject({ code: 1, stdout: expect.stringMatching(/^record \d+: /) });
  });

  it("notices a record that was removed", async () => {
    const removed = await verifyAfter(async (db) =>
      db("audit_log")
        .where({ id: (await ids(db))[2] })
        .delete(),
    );
    expect(removed.code).toBe(1);
  });

  it("notices records that changed places", async () => {
    const reordered = await verifyAfter(async (db) => {
      const [, , first, second] = await ids(db);
      await db("audit_log").where({ id: first }).update({ id: -1 });
      await db("audit_log").where({ id: second }).update({ id: first });
      await db("audit_log").where({ id: -1 }).update({ id: second });
    });
    expect(reordered.code).toBe(1);
  });

  it("notices that its tail was removed, and that all of it was", async () => {
    const tail = await verifyAfter(async (db) =>
      db("audit_log")
        .where({ id: (await ids(db)).at(-1) })
        .delete(),
    );
    expect(tail.code).toBe(1);
    expect((await verifyAfter((db) => db("audit_log").delete())).code).toBe(1);
  });

  it("goes on after it was verified by somebody else than its owner", async () => {
    expect(await instance.cli("audit", "verify")).toMatchObject({ code: 0 });
    await instance.up();
    expect(await instance.cli("audit", "verify")).toMatchObject({ code: 0 });
  });
});

describe("what a stopped instance keeps", () => {
  it("holds no password, session or token in clear, and only its owner may read it", async () => {
    const instance = await TestInstance.start();
    try {
      const admin = await instance.admin();
      await createAccount(admin, "secretive");
      const { token } = await must(admin.post("tokens/create", { name: "t" }));
      await must(admin.post("system/save-option", { key: "whmcs_api_key", value: "0123456789-very-secret" }));
      const cookie = admin.cookie?.split("=")[1] ?? "";
      await until("the log to be written", () => instance.output.length > 0);
      await instance.stop();
      for (const file of filesUnder(join(instance.data, "panel"))) {
        const bytes = readFileSync(file, "latin1");
        for (const secret of [adminPassword, holderPassword, token, cookie, "0123456789-very-secret"]) {
          expect(bytes.includes(secret), file).toBe(false);
        }
        expect(statSync(file).mode & 0o007, file).toBe(0);
      }
      expect(statSync(join(instance.data, "panel")).mode & 0o777).toBe(0o700);
      expect(instance.output).not.toContain(holderPassword);
      expect(existsSync(join(instance.data, "panel", "panel.db"))).toBe(true);
    } finally {
      await instance.destroy();
    }
  });
});
