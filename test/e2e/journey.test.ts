import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askSecurely, shakeHands } from "../../sdk/conformance/tls-request.ts";
import type { Client } from "../harness/client.ts";
import { filesNaming, whoami, writeIntoHome } from "../harness/files.ts";
import { TestInstance } from "../harness/instance.ts";
import { addDomain, createAccount, holderPassword, must, type NewAccount } from "../harness/must.ts";
import { processesOf } from "../harness/processes.ts";
import { until } from "../harness/wait.ts";
import { dig } from "../harness/zone-transfer.ts";

const isRoot = process.getuid?.() === 0;
/** An ordinary user nobody else is: tests of other files may run as one too. */
const ordinary = 61_000 + (process.pid % 1000);

const users = isRoot
  ? [
      { name: "root", options: {}, multiUser: true },
      { name: "an ordinary user", options: { uid: ordinary }, multiUser: false },
    ]
  : [{ name: "an ordinary user", options: {}, multiUser: false }];

describe.each(users)("the life of an account, as $name", ({ options, multiUser }) => {
  let instance: TestInstance;
  let admin: Client;
  let account: NewAccount;

  beforeAll(async () => {
    instance = await TestInstance.start(options);
    admin = await instance.admin();
    account = await createAccount(admin, "alice");
  });
  afterAll(() => instance?.destroy());

  const page = (root: string) => writeIntoHome(account.home_dir, `${root}/index.php`, whoami);
  const uid = () => lstatSync(account.home_dir).uid;
  const secure = () => ({ address: "127.0.0.1", port: instance.ports.services + 443 });
  const addresses = (name: string) => dig(instance, "+short", name, "A").split("\n").filter(Boolean);
  const below = (path: string) => path.slice(account.home_dir.length + 1);

  it("serves its PHP page as the account's own user", async () => {
    page("public_html");
    expect(await instance.site("alice.test")).toMatchObject({ status: 200, text: `uid=${uid()}` });
    expect(uid() !== process.getuid?.()).toBe(isRoot);
    if (multiUser) {
      expect(uid()).toBeGreaterThanOrEqual(1_000_000);
      expect(statSync(account.home_dir).mode & 0o007).toBe(0);
    }
  });

  it("answers for its zone, and over HTTPS with a certificate of its own", async () => {
    for (const name of ["alice.test", "www.alice.test", "mail.alice.test"]) {
      expect(addresses(name), name).toEqual(["127.0.0.1"]);
    }
    expect(dig(instance, "+short", "alice.test", "MX")).toBe("10 mail.alice.test.\n");
    expect(await askSecurely(secure(), { host: "alice.test", path: "/" })).toMatchObject({
      status: 200,
      text: `uid=${uid()}`,
    });
    expect((await shakeHands(secure(), "alice.test"))?.certificate.subjectaltname).toBe("DNS:alice.test");
  });

  it("serves an addon domain and a subdomain from directories of their own", async () => {
    const addon = await addDomain(admin, account, "addon.test");
    expect(addon.document_root).toBe(`${account.home_dir}/public_html/addon.test`);
    const subdomain = await addDomain(admin, account, "shop.alice.test", { type: "subdomain" });
    expect(subdomain.document_root).toBe(`${account.home_dir}/public_html/shop`);
    writeIntoHome(account.home_dir, `${below(addon.document_root)}/index.php`, '<?php echo "addon";');
    writeIntoHome(account.home_dir, `${below(subdomain.document_root)}/index.php`, '<?php echo "shop";');
    expect(await instance.site("addon.test")).toMatchObject({ status: 200, text: "addon" });
    expect(await instance.site("shop.alice.test")).toMatchObject({ status: 200, text: "shop" });
    for (const host of ["addon.test", "shop.alice.test"]) {
      expect(addresses(host), host).toEqual(["127.0.0.1"]);
      expect((await askSecurely(secure(), { host, path: "/" })).status, host).toBe(200);
    }
    // A name below one's own zone is kept in that one.
    const zones = await must(admin.get("dns/list", { account_id: account.id }));
    expect(zones.map((zone: { domain: string }) => zone.domain)).toEqual(["addon.test", "alice.test"]);
    expect(await instance.site("alice.test")).toMatchObject({ status: 200, text: `uid=${uid()}` });
  });

  it.each([301, 302])("redirects with %i", async (code) => {
    const target = "https://elsewhere.example/path?a=1&b=$host";
    const domain = `to${code}.test`;
    const added = await addDomain(admin, account, domain, {
      type: "redirect",
      redirect_to: target,
      redirect_code: code,
    });
    expect(added).toMatchObject({ type: "redirect", redirect_to: target, redirect_code: code, document_root: null });
    expect(await instance.site(domain, "/any")).toMatchObject({ status: code, location: target });
  });

  it("serves a domain under an alias, and not after it was removed", async () => {
    const domain_id = account.domains[0]?.id;
    await must(admin.post("domains/add-alias", { domain_id, alias: "alias.test" }));
    expect(await instance.site("alias.test")).toMatchObject({ status: 200, text: `uid=${uid()}` });
    const { certificate } = (await shakeHands(secure(), "alias.test")) ?? {};
    expect(certificate?.subjectaltname).toBe("DNS:alice.test, DNS:alias.test");
    await must(admin.post("domains/remove-alias", { domain_id, alias: "alias.test" }));
    expect((await instance.site("alias.test")).status).toBe(404);
    expect((await shakeHands(secure(), "alice.test"))?.certificate.subjectaltname).toBe("DNS:alice.test");
  });

  it("moves a document root and removes a domain", async () => {
    const moved = await addDomain(admin, account, "moved.test", {
      document_root: `${account.home_dir}/public_html/old`,
    });
    const document_root = `${account.home_dir}/public_html/new`;
    await must(admin.post("domains/update", { domain_id: moved.id, document_root }));
    writeIntoHome(account.home_dir, "public_html/new/index.php", '<?php echo "new";');
    expect(await instance.site("moved.test")).toMatchObject({ status: 200, text: "new" });
    await must(admin.post("domains/remove", { account_id: account.id, domain_id: moved.id }));
    expect((await instance.site("moved.test")).status).toBe(404);
    expect(dig(instance, "moved.test", "SOA")).toContain("status: REFUSED");
    expect(existsSync(join(account.home_dir, "public_html/new/index.php")), "the tenant's files stay").toBe(true);
    const outside = { account_id: account.id, domain: "outside.test", type: "addon", document_root: "/etc" };
    expect(await admin.post("domains/add", outside)).toMatchObject({ status: 400 });
  });

  it("suspends: 503 for its visitors, its holder may look and change nothing", async () => {
    await must(admin.post("accounts/suspend", { id: account.id, reason: "invoice unpaid" }));
    for (const host of ["alice.test", "addon.test", "shop.alice.test", "to301.test"]) {
      const answer = await instance.site(host);
      expect(answer.status, host).toBe(503);
      expect(answer.text).toContain("suspended");
    }
    expect(await must(admin.get("accounts/get", { id: account.id }))).toMatchObject({
      status: "suspended",
      suspend_reason: "invoice unpaid",
      suspended_at: expect.stringMatching(/Z$/),
    });
    const holder = instance.client();
    expect((await holder.login("alice", holderPassword)).status).toBe(200);
    expect(await must(holder.get("auth/me"))).toMatchObject({ suspended: true, suspend_reason: "invoice unpaid" });
    expect(await must(holder.get("domains/list"))).toHaveLength(5);
    const refused = await holder.post("domains/add", { domain: "more.test", type: "addon" });
    expect(refused).toMatchObject({ status: 403, body: { code: "ACCOUNT_SUSPENDED", success: false } });
    expect(refused.body.message).toMatch(/suspended/);
    holder.close();
  });

  it("answers again after it was re-enabled", async () => {
    await must(admin.post("accounts/unsuspend", { id: account.id }));
    expect(await instance.site("alice.test")).toMatchObject({ status: 200, text: `uid=${uid()}` });
    expect((await instance.site("to302.test")).status).toBe(302);
  });

  it("has nothing to do when it is asked again", async () => {
    expect(await instance.cli("plan")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(await instance.cli("reconcile")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(await instance.cli("plan")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(await must(admin.get("reconcile/drift"))).toEqual([]);
  });

  it("leaves nothing after termination but the archive", async () => {
    const owner = uid();
    await must(admin.post("accounts/terminate", { id: account.id }));
    expect(await admin.get("accounts/get", { id: account.id })).toMatchObject({ status: 404 });
    expect(await must(admin.get("accounts/list", { search: "alice" }))).toMatchObject({ items: [] });
    for (const host of ["alice.test", "addon.test", "shop.alice.test", "to301.test"]) {
      expect([0, 404], host).toContain((await instance.site(host)).status);
      expect(dig(instance, host, "SOA"), host).toContain("status: REFUSED");
      expect((await shakeHands(secure(), host))?.certificate.subjectaltname ?? "", host).not.toContain(host);
    }
    expect(existsSync(account.home_dir)).toBe(false);
    expect(filesNaming(join(instance.data, "etc"), ["alice", "addon.test", "to301", "to302"])).toEqual([]);
    expect(filesNaming(join(instance.data, "state/dns-bind/zones"), ["alice", "addon.test", "to301"])).toEqual([]);
    const sockets = readdirSync(join(instance.data, "run"), { recursive: true }).map(String);
    expect(sockets.filter((name) => name.includes("alice"))).toEqual([]);
    if (multiUser) await until("the account's processes to end", () => processesOf(owner).length === 0);
    expect((await instance.client().login("alice", holderPassword)).status).toBe(401);
    const [archive] = readdirSync(join(instance.data, "archive"));
    expect(archive).toMatch(/^alice/);
    expect(await instance.cli("plan")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
  });

  it("gives the name to somebody else, who finds nothing of the one before", async () => {
    const before = account;
    account = await createAccount(admin, "alice");
    expect(account.id).not.toBe(before.id);
    expect(existsSync(join(account.home_dir, "public_html/index.php"))).toBe(false);
    page("public_html");
    expect(await instance.site("alice.test")).toMatchObject({ status: 200, text: `uid=${uid()}` });
    expect(addresses("alice.test")).toEqual(["127.0.0.1"]);
  });
});
