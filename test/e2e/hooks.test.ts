import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publishedHooks } from "../../kernel/cli/reference-hooks.ts";
import type { Client } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";
import { addDomain, createAccount, holderPassword, must, type NewAccount } from "../harness/must.ts";
import { until } from "../harness/wait.ts";

const notify = publishedHooks(join(import.meta.dirname, "../..")).filter(({ kind }) => kind === "notify");

/** A plugin that writes down all it is told, and lets nobody say "not here" in a site's configuration. */
const listener = (file: string) => `
import { appendFileSync } from "node:fs";
import { configRendered, defineHook, definePlugin } from "../../sdk/index.js";
const write = (id) => async (payload) => appendFileSync(${JSON.stringify(file)}, JSON.stringify({ id, payload }) + "\\n");
export default definePlugin((to) => {
  for (const id of ${JSON.stringify(notify.map(({ id }) => id))}) to.tap(defineHook("notify", id), write(id));
  to.tap(configRendered, async ({ files, lines }) => {
    const texts = [...files.map(({ content }) => content), ...lines.map(({ line }) => line)];
    const isBad = texts.some((text) => text?.includes("not here"));
    return isBad ? { code: "POLICY", message: "Not on this server." } : undefined;
  });
});
`;

const manifest = {
  name: "@patchbay/listener",
  version: "1.0.0",
  private: true,
  type: "module",
  patchbay: { id: "listener", title: "Listener", sdk: "^1.0.0" },
};

describe("a plugin that listens to everything", () => {
  let instance: TestInstance;
  let admin: Client;
  let alice: NewAccount;
  let file = "";
  let read = 0;
  const heard = () =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { id: string; payload: Record<string, unknown> });

  /** What was heard since the last time, but for rendered configuration. A token that is made last is heard of last. */
  async function news() {
    const name = `end ${read}`;
    const { token } = await must(admin.post("tokens/create", { name }));
    await until("the end of the news", () => heard().some(({ payload }) => payload["name"] === name), 30_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const all = heard();
    const found = all.slice(read).filter(({ id }) => id !== "config.applied" && id !== "tokens.created");
    read = all.length;
    expect(readFileSync(file, "utf8")).not.toContain(token);
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  const include = (content: string) =>
    admin.post("domains/save-include", { domain_id: alice.domains[0]?.id, provider: "nginx", content });

  beforeAll(async () => {
    instance = await TestInstance.prepare({
      alter: (checkout) => {
        file = join(checkout, "..", "heard");
        writeFileSync(file, "");
        chmodSync(file, 0o666);
        for (const folder of ["plugins/listener", "dist/plugins/listener"]) mkdirSync(join(checkout, folder));
        writeFileSync(join(checkout, "plugins/listener/package.json"), JSON.stringify(manifest));
        writeFileSync(join(checkout, "dist/plugins/listener/index.js"), listener(file));
      },
    });
    await instance.up();
    admin = await instance.admin();
    await news();
  });
  afterAll(() => instance?.destroy());

  it("hears of an account with all it starts with, each once", async () => {
    alice = await createAccount(admin, "alice");
    const found = await news();
    expect(found.map(({ id }) => id)).toEqual(["accounts.created", "dns.zone-added", "domains.added"]);
    expect(found[0]?.payload).toEqual({
      accountId: alice.id,
      username: "alice",
      email: "alice@example.org",
      domain: "alice.test",
    });
    const applied = heard().filter(({ id, payload }) => id === "config.applied" && payload["slot"] === "web");
    expect(applied.flatMap(({ payload }) => payload["units"])).toContain("alice.test");
  });

  it("hears nothing of a dry run", async () => {
    const input = { account_id: alice.id, domain: "dry.test", type: "addon" };
    expect((await admin.post("domains/add?dry_run=1", input)).status).toBe(200);
    expect(await news()).toEqual([]);
  });

  it("hears nothing of a change that is taken back", async () => {
    expect(await include("no such directive;")).toMatchObject({ status: 422, body: { code: "APPLY_REFUSED" } });
    expect(await news()).toEqual([]);
  });

  it("refuses rendered configuration, with its own words, and the site stays as it was", async () => {
    const before = await instance.site("alice.test");
    const refused = await include('add_header X-Say "not here";');
    expect(refused).toMatchObject({ status: 422, body: { code: "APPLY_REFUSED" } });
    expect(refused.text).toContain("POLICY: Not on this server.");
    expect(await news()).toEqual([]);
    expect((await instance.site("alice.test")).status).toBe(before.status);
    expect(await must(admin.get("domains/includes", { domain_id: String(alice.domains[0]?.id) }))).toEqual([]);
  });

  it("hears of what is changed and removed, without secrets", async () => {
    const shop = await addDomain(admin, alice, "shop.test");
    await must(admin.post("domains/update", { domain_id: shop.id, force_https: true }));
    await must(include("add_header X-Say hello;"));
    await must(admin.post("domains/remove", { account_id: alice.id, domain_id: shop.id }));
    await must(admin.post("accounts/change-password", { account_id: alice.id, password: `${holderPassword} 2` }));
    await must(admin.post("accounts/terminate", { id: alice.id }));
    expect((await news()).map(({ id }) => id)).toEqual([
      "accounts.terminated",
      "dns.zone-added",
      "dns.zone-removed",
      "dns.zone-removed",
      "domains.added",
      "domains.include-saved",
      "domains.removed",
      "domains.removed",
      "domains.updated",
      "users.credentials-changed",
    ]);
    const text = readFileSync(file, "utf8");
    for (const secret of [holderPassword, "PRIVATE KEY", "X-Say"]) expect(text).not.toContain(secret);
  });
});
