import {
  type AccountRow,
  accountDeprovision,
  accountProvision,
  accountStateChanged,
} from "@patchbay/accounts/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SiteUnit } from "./contract.ts";
import { createPanel, type Panel, user } from "./testing/panel.ts";
import { refusal } from "./testing/refusal.ts";

let panel: Panel;
let john: AccountRow;
let jane: AccountRow;

beforeEach(async () => {
  panel = await createPanel();
  john = await panel.addAccount("john");
  jane = await panel.addAccount("jane");
  for (const account of [john, jane]) await provision(account);
  panel.touched.length = 0;
});

afterEach(() => panel.close());

function provision(account: AccountRow): Promise<void> {
  return panel.tap(accountProvision, { account, domain: account.domain, phpVersion: account.php_version });
}

function add(input: Record<string, unknown>, principal = user) {
  return panel.call("domains.add", { account_id: john.id, type: "addon", ...input }, principal);
}

async function unitOf(name: string): Promise<SiteUnit | undefined> {
  return (await panel.slots.get("web")?.load(panel.read, [name]))?.get(name) as SiteUnit | undefined;
}

describe("a new account", () => {
  it("gets its main domain, a directory and a pool", async () => {
    const [main] = await panel.call<Record<string, unknown>[]>("domains.list", { account_id: john.id }, user);
    expect(main).toEqual({
      id: 1,
      account_id: john.id,
      domain: "john.test",
      type: "main",
      document_root: "/homes/john/public_html",
      php_version: "8.2",
      ssl_enabled: false,
      force_https: false,
      hsts_max_age: null,
      redirect_to: null,
      redirect_code: null,
      web_server: null,
      created_at: "1970-01-01T00:00:01Z",
    });
    expect(panel.pools).toEqual(new Set(["1-8.2", "2-8.2"]));
    const root = (await panel.slots.get("web-root")?.load(panel.read, ["john.test"]))?.get("john.test");
    expect(root).toEqual({
      account: { username: "john", uid: 30_000, home: "/homes/john", suspended: false },
      path: "public_html",
    });
  });

  it("cannot take a name that is there", async () => {
    const other = await panel.addAccount("jack", { domain: "john.test" });
    expect(await refusal(provision(other))).toBe("409 DOMAIN_EXISTS");
  });

  it("works on a server without PHP", async () => {
    await provision(await panel.addAccount("jack", { php_version: "" }));
    expect((await unitOf("jack.test"))?.php).toBeNull();
  });
});

describe("adding a domain", () => {
  it("answers and serves what was asked for", async () => {
    const shop = await add({ domain: "Shop.John.test.", type: "subdomain", php_version: "8.3" });
    expect(shop).toMatchObject({
      domain: "shop.john.test",
      document_root: "/homes/john/public_html/shop",
      php_version: "8.3",
    });
    expect(await unitOf("shop.john.test")).toEqual({
      names: ["shop.john.test"],
      kind: "site",
      account: { username: "john", home: "/homes/john" },
      state: "active",
      root: "/homes/john/public_html/shop",
      php: { socket: "php/john-8.3.sock" },
      redirect: null,
      https: {
        file: "certificates/00/shop.john.test.pem",
        certificate: "print of shop.john.test",
        force: false,
        hsts: null,
      },
      includes: {},
    });
    expect(panel.touched).toEqual(["web-root:shop.john.test", "web:shop.john.test"]);
    expect(panel.pools.has("1-8.3")).toBe(true);
    expect(panel.guarded).toContain("domains.provision");
  });

  it("makes redirects, 301 unless said otherwise", async () => {
    const go = await add({ domain: "go.test", type: "redirect", redirect_to: "https://example.com/$host" });
    expect(go).toMatchObject({
      redirect_to: "https://example.com/$host",
      redirect_code: 301,
      document_root: null,
      php_version: null,
    });
    expect(await unitOf("go.test")).toMatchObject({ kind: "redirect", root: null, php: null });
    expect(panel.touched).toEqual(["web:go.test"]);
  });

  it("keeps directories apart", async () => {
    await add({ domain: "other.test" });
    const first = await add({ domain: "shop.john.test", type: "subdomain" });
    const second = await add({ domain: "shop.other.test", type: "subdomain" });
    expect([first.document_root, second.document_root]).toEqual([
      "/homes/john/public_html/shop",
      "/homes/john/public_html/shop.other.test",
    ]);
    expect(await add({ domain: "c.test", document_root: "/homes/john/sites/c" })).toMatchObject({
      document_root: "/homes/john/sites/c",
    });
    expect(await add({ domain: "d.test", document_root: "public_html/site" })).toMatchObject({
      document_root: "/homes/john/public_html/site",
    });
  });

  it.each([
    [{ domain: "john.test" }, "409 DOMAIN_EXISTS"],
    [{ domain: "JANE.test." }, "409 DOMAIN_EXISTS"],
    [{ domain: "www.jane.test" }, "409 DOMAIN_BELONGS_TO_OTHER"],
    [{ domain: "panel.host.test" }, "409 DOMAIN_RESERVED"],
    [{ domain: "host.test" }, "409 DOMAIN_RESERVED"],
    [{ domain: "a.panel.host.test" }, "409 DOMAIN_RESERVED"],
    [{ domain: "ns1.dns.test" }, "409 DOMAIN_RESERVED"],
    [{ domain: "a.ns1.dns.test" }, "409 DOMAIN_RESERVED"],
    [{ domain: "dns.test" }, "409 DOMAIN_RESERVED"],
    [{ domain: "a.elsewhere.test", type: "subdomain" }, "400 SUBDOMAIN_WITHOUT_PARENT domain"],
    [{ domain: "a.jane.test", type: "subdomain" }, "400 SUBDOMAIN_WITHOUT_PARENT domain"],
    [{ domain: "b.test", document_root: "/homes/john2/public_html" }, "400 INVALID_INPUT document_root"],
    [{ domain: "b.test", document_root: "/etc" }, "400 INVALID_INPUT document_root"],
    [{ domain: "b.test", document_root: "/" }, "400 INVALID_INPUT document_root"],
    [{ domain: "b.test", type: "redirect" }, "400 INVALID_INPUT redirect_to"],
    [{ domain: "b.test", redirect_to: "https://example.com/" }, "400 INVALID_INPUT redirect_to"],
  ])("refuses %j", async (input, expected) => {
    const before = await panel.db("domains").count();
    expect(await refusal(add(input))).toBe(expected);
    expect(await panel.db("domains").count()).toEqual(before);
  });

  it("refuses a name above another account's, in both orders, unless an admin adds it", async () => {
    await panel.call("domains.add", { account_id: jane.id, type: "addon", domain: "deep.sub.big.test" }, user);
    expect(await refusal(add({ domain: "big.test" }))).toBe("409 DOMAIN_BELONGS_TO_OTHER");
    expect(await refusal(add({ domain: "sub.big.test" }))).toBe("409 DOMAIN_BELONGS_TO_OTHER");
    expect(await refusal(add({ domain: "big-test.test" }))).toBe("accepted");
    expect(await refusal(panel.call("domains.add", { account_id: john.id, type: "addon", domain: "big.test" }))).toBe(
      "accepted",
    );
  });

  it("counts subdomains apart from the others", async () => {
    await add({ domain: "shop.john.test", type: "subdomain" });
    await add({ domain: "b.test" });
    const count = (id: string) => panel.meters.get(id)?.count(panel.read, john.id);
    expect([await count("domains"), await count("subdomains")]).toEqual([2, 1]);
  });
});

describe("changing and removing", () => {
  it("removes a domain with its aliases and its pool, but not the main one or a foreign one", async () => {
    const { id } = await add({ domain: "b.test", php_version: "8.3" });
    await panel.call("domains.add-alias", { domain_id: id, alias: "www.b.test" }, user);
    expect((await unitOf("b.test"))?.names).toEqual(["b.test", "www.b.test"]);
    const remove = (account: number, domain: unknown) =>
      refusal(panel.call("domains.remove", { account_id: account, domain_id: domain }, user));
    expect(await remove(john.id, 1)).toBe("400 PRIMARY_DOMAIN");
    expect(await remove(jane.id, id)).toBe("404 NOT_FOUND");
    expect(await remove(john.id, id)).toBe("accepted");
    expect(await remove(john.id, id)).toBe("404 NOT_FOUND");
    expect(panel.pools.has("1-8.3")).toBe(false);
    expect(await unitOf("b.test")).toBeUndefined();
    expect(await panel.db("domain_aliases")).toEqual([]);
  });

  it("treats aliases as names like any other", async () => {
    const alias = (domain: number, name: string) =>
      refusal(panel.call("domains.add-alias", { domain_id: domain, alias: name }, user));
    expect(await alias(1, "extra.test")).toBe("accepted");
    expect(await alias(2, "extra.test")).toBe("409 DOMAIN_EXISTS");
    expect(await alias(2, "www.extra.test")).toBe("409 DOMAIN_BELONGS_TO_OTHER");
    expect(await refusal(add({ domain: "extra.test" }))).toBe("409 DOMAIN_EXISTS");
    expect(await panel.call("domains.aliases", { domain_id: 1 })).toMatchObject([
      { alias: "extra.test", domain_id: 1 },
    ]);
    await panel.call("domains.remove-alias", { domain_id: 1, alias: "extra.test" });
    expect(await alias(2, "extra.test")).toBe("accepted");
  });

  it("updates what belongs to the kind of domain", async () => {
    const update = (input: Record<string, unknown>) => panel.call("domains.update", input, user);
    expect(await update({ domain_id: 1, php_version: "8.3" })).toMatchObject({ php_version: "8.3" });
    expect([...panel.pools].sort()).toEqual(["1-8.3", "2-8.2"]);
    expect(await update({ domain_id: 1, php_version: null })).toMatchObject({ php_version: "8.2" });
    expect(await refusal(update({ domain_id: 1, redirect_to: "https://example.com/" }))).toBe(
      "400 INVALID_INPUT redirect_to",
    );
    const { id } = await add({ domain: "go.test", type: "redirect", redirect_to: "https://example.com/" });
    expect(await update({ domain_id: id, redirect_code: 302 })).toMatchObject({ redirect_code: 302 });
    expect(await refusal(update({ domain_id: id, document_root: "x" }))).toBe("400 INVALID_INPUT document_root");
  });

  it("keeps an admin's include through other changes", async () => {
    await panel.call("domains.save-include", { domain_id: 1, content: "expires 1d;\n" });
    await panel.call("domains.update", { domain_id: 1, php_version: "8.3" });
    expect((await unitOf("john.test"))?.includes).toEqual({ nginx: "expires 1d;" });
    expect(await panel.call("domains.includes", { domain_id: 1 })).toEqual([
      { provider: "nginx", content: "expires 1d;" },
    ]);
    await panel.call("domains.save-include", { domain_id: 1, content: "" });
    expect((await unitOf("john.test"))?.includes).toEqual({});
  });

  it("keeps includes for any web server there could be, and lets those of others go", async () => {
    const save = (provider: string, content: string) =>
      refusal(panel.call("domains.save-include", { domain_id: 1, provider, content }));
    expect(await save("apache", "Options -Indexes")).toBe("accepted");
    expect(await save("caddy", "encode gzip")).toBe("accepted");
    expect(await save("apache2", "Options -Indexes")).toBe("400 INVALID_INPUT provider");
    expect((await unitOf("john.test"))?.includes).toEqual({ apache: "Options -Indexes", caddy: "encode gzip" });
    await panel.db("domain_includes").where({ provider: "caddy" }).update({ provider: "gone" });
    expect(await save("gone", "")).toBe("accepted");
    expect(await save("gone", "")).toBe("400 INVALID_INPUT provider");
    expect((await unitOf("john.test"))?.includes).toEqual({ apache: "Options -Indexes" });
  });
});

describe("an account's state", () => {
  it("shows in every site", async () => {
    await panel.db("accounts").where({ id: john.id }).update({ status: "suspended", php_version: "8.3" });
    await panel.tap(accountStateChanged, { account: john });
    expect(panel.touched).toEqual(["web-root:john.test", "web:john.test"]);
    expect(await unitOf("john.test")).toMatchObject({ state: "suspended", php: { socket: "php/john-8.3.sock" } });
    expect([...panel.pools].sort()).toEqual(["1-8.3", "2-8.2"]);
  });

  it("ends with all its domains, and with nobody else's", async () => {
    await add({ domain: "b.test" });
    await panel.tap(accountDeprovision, { account: john });
    expect((await panel.db("domains").select("name")).map((row) => row.name)).toEqual(["jane.test"]);
    expect([...panel.pools]).toEqual(["2-8.2"]);
  });
});

it("loads any number of units with the same number of statements", async () => {
  for (let at = 0; at < 40; at += 1) await add({ domain: `n${at}.test` });
  const slot = panel.slots.get("web");
  const keys = (await slot?.keys(panel.read, "", 100)) ?? [];
  expect(keys).toEqual([...keys].sort());
  expect(keys).toHaveLength(42);
  expect(await slot?.keys(panel.read, keys[40] ?? "", 100)).toEqual([keys[41]]);
  const before = panel.statements();
  expect((await slot?.load(panel.read, keys))?.size).toBe(42);
  expect(panel.statements() - before).toBe(3);
});
