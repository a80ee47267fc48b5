import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createVault } from "../../kernel/plugins/vault.ts";
import { readOnly } from "../../kernel/storage/dialect.ts";
import { readKey } from "../../kernel/storage/key.ts";
import { createSealer } from "../../kernel/storage/sealer.ts";
import { openSqlite3Connection } from "../../kernel/storage/sqlite3-connection.ts";
import { Authority } from "../../plugins/certificates/testing/authority.ts";
import { keysFrom } from "../../plugins/dns-bind/keys.ts";
import type { Answer, Client } from "../harness/client.ts";
import { adminPassword, TestInstance } from "../harness/instance.ts";
import { must } from "../harness/must.ts";
import { runningProcesses } from "../harness/processes.ts";
import { filesWith, holds, keyLine, ProcessWatch } from "./canaries.ts";

const passwords = new Map(
  ["create", "account", "reseller", "resold", "own", "wrong", "guess", "factor"].map((name) => [
    name,
    `canary of ${name} 7f3a91`,
  ]),
);
const bridgeKey = "canary-bridge-key-7f3a91";
/** As long as Cloudflare's own. */
const cloudToken = "canary_token_of_cloudflare_7f3a91_0123456";
const canary = (name: string) => passwords.get(name) ?? "";
const mode = (path: string) => (lstatSync(path).mode & 0o777).toString(8);

describe("secrets", () => {
  let instance: TestInstance;
  let fresh: TestInstance;
  let admin: Client;
  let watch: ProcessWatch;
  const answers: Answer[] = [];
  /** Secrets the panel made itself. Each was shown in one answer. */
  const made = new Map<string, string>();

  /** Secrets that came from outside, or that the panel shares with its daemons, by name. */
  const given = new Map([
    ["bridge", bridgeKey],
    ["cloud token", cloudToken],
  ]);

  /** What named and the panel share, as it is written down for named. */
  function daemonKeys(): [name: string, key: string][] {
    const vault = createVault(createSealer(readKey(join(instance.data, "panel"))), "dns-bind");
    const text = (secret: Uint8Array) => Buffer.from(secret).toString("base64");
    return Object.values(keysFrom(vault)).map(({ name, secret }) => [`TSIG ${name}`, text(secret)]);
  }

  /** Keeps what was answered, and says in which answer a secret was shown. */
  async function ask(answer: Promise<Answer>): Promise<Answer> {
    const known = await answer;
    answers.push(known);
    return known;
  }

  beforeAll(async () => {
    [instance, fresh] = await Promise.all([
      TestInstance.start(),
      TestInstance.start({ env: { PATCHBAY_ADMIN_PASSWORD: undefined } }),
    ]);
    admin = await instance.admin();
    for (const [name, key] of daemonKeys()) given.set(name, key);
    watch = new ProcessWatch(new Map([...passwords, ...given]));
    await useSecrets();
    await useKeys();
    await watch.stop();
  });
  afterAll(async () => {
    await instance.destroy();
    await fresh.destroy();
  });

  async function useSecrets(): Promise<void> {
    const account = {
      username: "canary",
      domain: "canary.test",
      email: "canary@people.test",
      password: canary("create"),
    };
    const { body } = await ask(admin.post("accounts/create", account, { "idempotency-key": "canary-1" }));
    await ask(admin.post("accounts/create", account, { "idempotency-key": "canary-1" }));
    await ask(admin.post("accounts/create", { ...account, domain: "not a name" }));
    await ask(admin.post("accounts/change-password", { account_id: body.data.id, password: canary("account") }));
    const reseller = { username: "canaryres", email: "canaryres@people.test", password: canary("reseller") };
    const resold = await ask(admin.post("resellers/create", reseller));
    await ask(admin.post("resellers/update", { id: resold.body.data.id, password: canary("resold") }));
    const user = instance.client();
    await ask(user.login("canary", canary("account")));
    made.set("session", (user.cookie ?? "").split("=")[1] ?? "");
    await ask(user.other().login("canary", canary("wrong")));
    await ask(user.other().login(canary("guess"), "nothing"));
    const own = { current_password: canary("account"), new_password: canary("own"), confirm_password: canary("own") };
    await ask(user.post("auth/change-password", own));
    await ask(user.post("auth/change-password", { ...own, confirm_password: canary("wrong") }));
    await ask(user.post("auth/totp-disable", { password: canary("factor") }));
    const token = await admin.post("tokens/create", { name: "canary" }, { "idempotency-key": "canary-2" });
    made.set("token", token.body.data.token);
    const seed = await user.post("auth/totp-setup");
    made.set("seed", seed.body.data.secret);
    await ask(admin.post("system/save-option", { key: "whmcs_api_key", value: bridgeKey }));
    for (const path of ["tokens/list", "sessions/list", "system/server-options", "accounts/list", "resellers/list"]) {
      await ask(admin.get(path));
    }
    await ask(admin.get("system/audit-log", { per_page: 100 }));
    await ask(user.get("auth/me"));
    await must(admin.post("domains/add", { account_id: body.data.id, domain: "more.canary.test", type: "addon" }));
  }

  /** A certificate is uploaded well and badly, a name server gets a token, and everything is asked for again. */
  async function useKeys(): Promise<void> {
    const authority = new Authority();
    try {
      const own = authority.make("canary.test", { names: ["canary.test"] });
      const other = authority.make("canary.test", { names: ["canary.test"] });
      given.set("uploaded key", keyLine(own.key));
      given.set("refused key", keyLine(other.key));
      watch.add(given);
      const [account] = (await must(admin.get("accounts/list"))).items;
      const upload = { account_id: account.id, domain: "canary.test", private_key: own.key };
      await ask(
        admin.post("ssl/upload", { ...upload, certificate: own.certificate }, { "idempotency-key": "canary-3" }),
      );
      await ask(admin.post("ssl/upload", { ...upload, certificate: own.certificate, private_key: other.key }));
      await ask(admin.post("ssl/upload", { ...upload, certificate: other.key, private_key: other.key }));
      await ask(admin.post("ssl/upload", { ...upload, certificate: own.certificate, chain: other.key }));
      await ask(admin.post(`ssl/upload?dry_run=1`, { ...upload, certificate: own.certificate }));
    } finally {
      authority.remove();
    }
    const id = "dns-cloudflare";
    await ask(admin.post("plugins/save-settings", { id, values: { api_token: cloudToken } }));
    await ask(admin.post("plugins/save-settings", { id, values: { api_token: cloudToken, base_url: "no address" } }));
    await ask(admin.post("plugins/save-settings", { id, values: { account_id: cloudToken } }));
    await ask(admin.get("plugins/settings", { id }));
    await ask(admin.get("plugins/settings", { id: "dns-bind" }));
    const [zone] = await must(admin.get("dns/list", { account_id: 1 }));
    const record = { zone_id: zone.id, type: "A", name: "canary", value: "192.0.2.1" };
    await ask(admin.post("dns/add-record", record));
    await ask(admin.get("dns/dnssec-status", { zone_id: zone.id }));
    for (const path of [
      "ssl/list?account_id=1",
      "reconcile/plan",
      "reconcile/drift",
      "system/detect",
      "system/stats",
    ]) {
      await ask(admin.get(path));
    }
    await ask(admin.post("reconcile/run", {}));
    await ask(admin.get("system/audit-log", { per_page: 100 }));
  }

  const all = () => new Map([...passwords, ...made, ...given]);
  /** Files that daemons read their keys from, and no others. */
  const keyFiles = new Map([
    ["uploaded key", /^etc\/certificates\/[0-9a-f]{2}\/canary\.test\.pem$/],
    ...["control", "update", "transfer"].map((use) => [`TSIG patchbay-${use}`, /^etc\/dns-bind\/keys\.conf$/] as const),
  ]);

  it("are in no file of the instance", () => {
    const found = filesWith(instance.data, new Map([...all(), ["first admin", adminPassword]]));
    expect(found.some((one) => one.startsWith("guess: "))).toBe(true);
    const elsewhere = found.filter((one) => {
      const [, name = "", file = ""] = /^([^:]*): (.*)$/.exec(one) ?? [];
      return keyFiles.get(name)?.test(relative(instance.data, file)) !== true;
    });
    // A name that was tried at the login is kept as a name: who it was is what the log is for.
    expect(elsewhere.filter((one) => !one.startsWith("guess: "))).toEqual([]);
    expect(found.length - elsewhere.length).toBe(keyFiles.size);
  });

  it("are not in what the instance printed", () => {
    const shown = [...all(), ["first admin", adminPassword] as const].filter(([, secret]) =>
      holds(instance.output, secret),
    );
    expect(shown.map(([name]) => name)).toEqual([]);
  });

  it("are in no argument and no environment while they are used", () => {
    expect([...watch.found]).toEqual([]);
    expect(watch.rounds).toBeGreaterThan(20);
    // Quick ones too, a test of a configuration among them.
    expect([...watch.seen].some((text) => text.includes(instance.dir) && text.includes("\0-t\0"))).toBe(true);
    // The first password was given to the helper by whoever started it; nobody it starts gets to see it.
    const daemons = runningProcesses().filter(
      ({ command, pid }) => command.includes(instance.dir) && pid !== instance.pid,
    );
    const others = [instance.kernelPid(), ...daemons.map(({ pid }) => pid)];
    const environments = others.map((pid) => readFileSync(`/proc/${pid}/environ`, "utf8"));
    expect(daemons.length).toBeGreaterThan(1);
    expect(environments.filter((text) => text.includes(adminPassword))).toEqual([]);
  });

  it("are in no answer but the one that shows them", () => {
    const secrets = [...all()].filter(([name]) => name !== "guess");
    const telling = answers.flatMap(({ text }) =>
      secrets.filter(([, secret]) => holds(text, secret)).map(([name]) => name),
    );
    expect(telling).toEqual([]);
    expect(answers.length).toBeGreaterThan(15);
  });

  it("are stars in the audit log", async () => {
    const { items } = await must(admin.get("system/audit-log", { per_page: 100 }));
    const details = (action: string) =>
      items
        .filter((item: { action: string }) => item.action === action)
        .map((item: { detail: unknown }) => item.detail);
    expect(details("accounts.create")[0]).toMatchObject({ username: "canary", password: "***" });
    expect(details("auth.login")[0]).toMatchObject({ password: "***" });
    expect(details("auth.change-password")[0]).toMatchObject({
      current_password: "***",
      new_password: "***",
      confirm_password: "***",
    });
    expect(details("system.save-option")[0]).toMatchObject({ key: "whmcs_api_key", value: "***" });
    expect(details("ssl.upload")[0]).toMatchObject({
      domain: "canary.test",
      private_key: "***",
      certificate: "***",
    });
    expect(details("plugins.save-settings")[0]).toMatchObject({ id: "dns-cloudflare", values: "***" });
    // Who reads the text for secondaries may copy every zone: that it was read is written down, and not what.
    const { config } = await must(admin.get("bind/secondary-config"));
    expect(holds(config, given.get("TSIG patchbay-transfer") ?? "")).toBe(true);
    for (const use of ["control", "update"]) expect(holds(config, given.get(`TSIG patchbay-${use}`) ?? "")).toBe(false);
    const { text } = await admin.get("system/audit-log", { action: "bind.secondary-config" });
    expect(JSON.parse(text).data.items).toHaveLength(1);
    expect([...given].filter(([, secret]) => holds(text, secret))).toEqual([]);
    expect((await must(admin.get("audit/verify"))).ok ?? true).toBe(true);
  });

  it("are stored as argon2id, as digests, and sealed", async () => {
    const database = await openSqlite3Connection(join(instance.data, "panel", "panel.db"), [readOnly]);
    try {
      const users = await database.all<{ password_hash: string; totp_sealed: string | null }>("SELECT * FROM users");
      for (const { password_hash } of users) {
        const [, memory, passes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(password_hash) ?? [];
        expect(Number(memory)).toBeGreaterThanOrEqual(19_456);
        expect(Number(passes)).toBeGreaterThanOrEqual(2);
      }
      expect(new Set(users.map((user) => user.password_hash)).size).toBe(users.length);
      for (const table of ["sessions", "api_tokens"]) {
        const rows = await database.all<{ token_hash: string }>(`SELECT token_hash FROM ${table}`);
        for (const { token_hash } of rows) expect(token_hash).toMatch(/^[0-9a-f]{64}$/);
      }
      // Only of who may ask for it again.
      const keys = await database.all<{ id: string }>("SELECT operation_id AS id FROM idempotency");
      const kept = await database.all<{ id: string; answer: string }>(
        "SELECT * FROM operations WHERE answer IS NOT NULL",
      );
      expect(kept.map(({ id }) => id).sort()).toEqual(keys.map(({ id }) => id).sort());
      expect(kept.length).toBeGreaterThan(1);
      for (const { answer } of kept) expect(answer).not.toMatch(/[{}"]/);
    } finally {
      await database.close();
    }
  });

  it("lie in files for the panel alone", () => {
    const panel = join(instance.data, "panel");
    expect(mode(panel)).toBe("700");
    expect(mode(join(instance.data, "helper"))).toBe("700");
    for (const name of [
      "key",
      "panel.db",
      "panel.db-wal",
      "panel.db-shm",
      "cli-token",
      "audit-anchor",
      "tls/panel.pem",
    ]) {
      expect(mode(join(panel, name)), name).toBe("600");
    }
    expect(mode(join(panel, "tls"))).toBe("700");
    expect(existsSync(join(panel, "first-admin"))).toBe(false);
    expect(mode(join(fresh.data, "admin-password"))).toBe("600");
    expect(existsSync(join(fresh.data, "panel", "first-admin"))).toBe(false);
  });

  it("lie in files for the daemons alone", () => {
    const etc = join(instance.data, "etc");
    const files = filesWith(etc, given).map((one) => one.replace(/^[^:]*: /, ""));
    expect(new Set(files).size).toBe(2);
    for (const file of files) expect(mode(file)).toMatch(/^[46][04]0$/);
  });

  it("differ between two instances", async () => {
    const secretsOf = async (one: TestInstance, password: string) => {
      const read = (path: string) => readFileSync(join(one.data, path), "latin1");
      const client = one.client();
      expect((await client.login("admin", password)).status).toBe(200);
      const pem = read("panel/tls/panel.pem");
      return [
        read("panel/key"),
        read("panel/cli-token"),
        pem.slice(pem.indexOf("PRIVATE KEY")),
        pem,
        client.cookie,
        password,
      ];
    };
    const first = readFileSync(join(fresh.data, "admin-password"), "utf8").trim();
    expect(first).toMatch(/^[A-Za-z0-9_-]{24}$/);
    const [a, b] = [await secretsOf(instance, adminPassword), await secretsOf(fresh, first)];
    expect(a.filter((secret) => b.includes(secret))).toEqual([]);
    expect(filesWith(join(fresh.data, "panel"), new Map([["first", first]]))).toEqual([]);
  });

  it("have no default", async () => {
    const guesses = ["admin", "password", "Nova2026!!", "patchbay", "changeme", "12345678", "root", "", " "];
    const statuses: number[] = [];
    for (const [at, password] of guesses.entries()) {
      // Each from a name of its own as well, so that the lock of one does not answer for another.
      const { status } = await fresh.client().login(at % 2 ? "Admin" : "admin", password);
      statuses.push(status);
    }
    expect(statuses.filter((status) => ![400, 401, 429].includes(status))).toEqual([]);
    for (const username of ["root", "administrator", "demo", "user", "patchbay"]) {
      expect((await fresh.client().login(username, "Nova2026!!")).status).toBe(401);
    }
    const client = await instance.admin();
    for (const password of ["Nova2026!!", "admin123", "password", "patchbay1!"]) {
      const body = { current_password: adminPassword, new_password: password, confirm_password: password };
      expect((await client.post("auth/change-password", body)).status, password).toBe(400);
    }
  });
});
