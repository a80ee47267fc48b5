import { type AccountRow, accountDeprovision, accountProvision } from "@patchbay/accounts/contract";
import { certificateChanged } from "@patchbay/certificates/contract";
import type { Hook } from "@patchbay/sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SiteUnit } from "./contract.ts";
import { createPanel, type Panel, reseller, user } from "./testing/panel.ts";
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

describe("certificates", () => {
  const namesOf = (domain: string) => panel.certificates.get(domain)?.names;

  it("are there as long as the domain, for all its names", async () => {
    expect(namesOf("john.test")).toEqual(["john.test"]);
    const { id } = await add({ domain: "go.test", type: "redirect", redirect_to: "https://example.com/" });
    for (const alias of ["z.test", "a.test"]) await panel.call("domains.add-alias", { domain_id: id, alias }, user);
    expect(namesOf("go.test")).toEqual(["go.test", "a.test", "z.test"]);
    expect((await unitOf("go.test"))?.https).toMatchObject({ certificate: "print of go.test,a.test,z.test" });
    await panel.call("domains.remove-alias", { domain_id: id, alias: "a.test" }, user);
    expect(namesOf("go.test")).toEqual(["go.test", "z.test"]);
    await panel.call("domains.remove", { account_id: john.id, domain_id: id }, user);
    expect(namesOf("go.test")).toBeUndefined();
    await panel.tap(accountDeprovision, { account: john });
    expect([...panel.certificates.keys()]).toEqual(["jane.test"]);
  });

  it("bring their site up to date when they change, and show when clients can trust them", async () => {
    panel.certificates.set("john.test", { names: ["john.test"], fingerprint: "better", trusted: true });
    await panel.tap(certificateChanged as unknown as Hook<"guarded", unknown>, { domain: "john.test" });
    expect(panel.touched).toEqual(["web:john.test"]);
    expect((await unitOf("john.test"))?.https.certificate).toBe("better");
    await add({ domain: "b.test" });
    const list = await panel.call<{ ssl_enabled: boolean }[]>("domains.list", { account_id: john.id }, user);
    expect(list.map((domain) => domain.ssl_enabled)).toEqual([true, false]);
  });

  it("leave a site without one to be refused alone", async () => {
    panel.certificates.delete("john.test");
    expect((await unitOf("john.test"))?.https).toEqual({ file: "", certificate: "", force: false, hsts: null });
    expect((await unitOf("jane.test"))?.https.certificate).toBe("print of jane.test");
  });
});

describe("HTTPS of a domain", () => {
  const update = (input: Record<string, unknown>) => panel.call("domains.update", { domain_id: 1, ...input }, user);
  const https = async () => (await unitOf("john.test"))?.https;

  it("is forced, remembered and forgotten by its holder", async () => {
    expect(await update({ force_https: true, hsts_max_age: 63_072_000 })).toMatchObject({
      force_https: true,
      hsts_max_age: 63_072_000,
    });
    expect(panel.touched).toContain("web:john.test");
    expect(await https()).toMatchObject({ force: true, hsts: 63_072_000 });
    expect(await update({ php_version: "8.3" })).toMatchObject({ force_https: true, hsts_max_age: 63_072_000 });
    expect(await update({ hsts_max_age: 0 })).toMatchObject({ force_https: true, hsts_max_age: 0 });
    expect(await https()).toMatchObject({ force: true, hsts: 0 });
    expect(await update({ force_https: false, hsts_max_age: null })).toMatchObject({
      force_https: false,
      hsts_max_age: null,
    });
    expect(await https()).toMatchObject({ force: false, hsts: null });
    for (const seconds of [-1, 63_072_001, 1.5, "1"]) await expect(update({ hsts_max_age: seconds })).rejects.toThrow();
    const { id } = await add({ domain: "go.test", type: "redirect", redirect_to: "https://example.com/" });
    expect(await update({ domain_id: id, force_https: true, hsts_max_age: 60 })).toMatchObject({
      force_https: true,
      hsts_max_age: 60,
    });
  });

  it("decides what a switch compares", async () => {
    const parity = async (name: string) => {
      const unit = (await unitOf(name)) as SiteUnit;
      return panel.slots
        .get("web")
        ?.parity?.(name, unit)
        .map(({ host, path, port }) => `${port} ${host}${path}`);
    };
    expect(await parity("john.test")).toEqual(["http john.test/", "https john.test/"]);
    const { id } = await add({ domain: "go.test", type: "redirect", redirect_to: "https://example.com/" });
    expect(await parity("go.test")).toEqual(["http go.test/"]);
    for (const domain of [1, id]) await update({ domain_id: domain, force_https: true });
    expect(await parity("john.test")).toEqual(["https john.test/"]);
    expect(await parity("go.test")).toEqual(["http go.test/"]);
    await panel.db("accounts").where({ id: john.id }).update({ status: "suspended" });
    expect([await parity("john.test"), await parity("go.test")]).toEqual([[], []]);
  });
});

describe("the web server of a domain", () => {
  const assign = (server: string | null, principal?: typeof user) =>
    panel.call("domains.update", { domain_id: 1, web_server: server }, principal);
  const assigned = async () => [
    ...((await panel.slots.get("web")?.assigned?.(panel.read, ["john.test", "jane.test", "x.test"])) ?? []),
  ];

  it("is the chosen one, until an admin assigns another", async () => {
    const slot = panel.slots.get("web");
    expect([slot?.cardinality, slot?.after]).toEqual(["one", ["accounts", "web-root", "php", "certificates"]]);
    expect(await assigned()).toEqual([]);
    expect(await assign("apache")).toMatchObject({ web_server: "apache" });
    expect(panel.touched).toContain("web:john.test");
    expect(await assigned()).toEqual([["john.test", "apache"]]);
    expect(await panel.slots.get("web")?.assigned?.(panel.read, ["jane.test"])).toEqual(new Map());
    await panel.call("domains.update", { domain_id: 1, php_version: "8.3" }, user);
    expect(await assigned()).toEqual([["john.test", "apache"]]);
    expect(await assign(null)).toMatchObject({ web_server: null });
    expect(await assigned()).toEqual([]);
  });

  it("is one that is there", async () => {
    expect(await refusal(assign("caddy"))).toBe("409 BACKEND_NOT_INSTALLED");
    expect(await refusal(assign("php-fpm"))).toBe("400 INVALID_INPUT web_server");
    expect(await refusal(assign("apache2"))).toBe("400 INVALID_INPUT web_server");
    await expect(assign("../x")).rejects.toThrow();
    for (const principal of [user, reseller]) {
      expect(await refusal(assign("apache", principal))).toBe("403 WEB_SERVER_CHOICE_FORBIDDEN");
      expect(await refusal(assign(null, principal))).toBe("403 WEB_SERVER_CHOICE_FORBIDDEN");
    }
    expect(await assigned()).toEqual([]);
  });

  it("is found by an index", async () => {
    const [site] = await panel.db.raw("EXPLAIN QUERY PLAN SELECT name FROM domains WHERE web_server = 'apache'");
    expect(site.detail).toContain("domains_web_server");
  });
});
