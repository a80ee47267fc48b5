import { afterEach, beforeEach, expect, it } from "vitest";
import { diskMeter, packageLimits } from "./limits.ts";
import type { PackageView } from "./package-view.ts";
import { createPanel, type Panel, principalOf } from "./testing/panel.ts";

const limits = { disk_mb: 100, max_email: 1, max_databases: 2, max_ftp: 3, max_domains: 4, max_subdomains: 5 };
let panel: Panel;

beforeEach(async () => {
  panel = await createPanel();
});
afterEach(() => panel.close());

const addPackage = (name: string) => panel.call("packages.create", { name, ...limits }) as Promise<PackageView>;

function addAccount(username: string, packageId: number, by?: ReturnType<typeof principalOf>) {
  const domain = `${username}.example`;
  const input = { username, domain, email: `x@${domain}`, password: "Corr3ct-horse", package_id: packageId };
  return panel.call("accounts.create", input, by);
}

it("creates, changes in part and lists, and a reseller counts its own accounts", async () => {
  expect(await addPackage("Starter")).toEqual({
    id: 1,
    name: "Starter",
    ...limits,
    php_max_children: 5,
    php_memory_mb: 128,
    account_count: 0,
  });
  expect(await panel.call("packages.update", { id: 1, disk_mb: 200 })).toMatchObject({ disk_mb: 200, max_email: 1 });
  await addAccount("aa", 1);
  await addAccount("bb", 1, principalOf("reseller", 7));
  expect(await panel.call("packages.list", {})).toMatchObject([{ account_count: 2 }]);
  expect(await panel.call("packages.list", {}, principalOf("reseller", 7))).toMatchObject([{ account_count: 1 }]);
  expect(await panel.call("accounts.get", { id: "1" })).toMatchObject({ package_id: 1, package_name: "Starter" });
});

it("keeps names unique in any case of letters", async () => {
  await addPackage("Starter");
  await addPackage("Pro");
  await expect(addPackage("STARTER")).rejects.toMatchObject({ status: 409, code: "PACKAGE_EXISTS" });
  await expect(panel.call("packages.update", { id: 2, name: "starter" })).rejects.toMatchObject({ status: 409 });
  await panel.call("packages.update", { id: 1, name: "starter" });
});

it("takes whole, non-negative limits alone", async () => {
  for (const wrong of [-1, 1.5, "5", null, 1e15]) {
    await expect(panel.call("packages.create", { name: "x", ...limits, disk_mb: wrong })).rejects.toThrow();
  }
  await expect(panel.call("packages.update", { id: 1, php_memory_mb: 31 })).rejects.toThrow();
});

it("limits accounts, and no longer once the package is deleted", async () => {
  await addPackage("Starter");
  await addAccount("aa", 1);
  const limitOf = (meter: string) => packageLimits.limit(panel.read, 1, meter);
  expect(await Promise.all(["disk_mb", "email", "databases", "ftp", "domains", "subdomains"].map(limitOf))).toEqual([
    100, 1, 2, 3, 4, 5,
  ]);
  expect(await limitOf("constructor")).toBeNull();
  await panel.call("packages.delete", { id: 1 });
  expect(await limitOf("email")).toBeNull();
  expect(await panel.call("accounts.get", { id: "1" })).toMatchObject({ package_id: null, package_name: null });
  expect(panel.effects.guarded.at(-1)).toMatchObject({ id: "accounts.state-changed", payload: { account: { id: 1 } } });
  await expect(panel.call("packages.delete", { id: 1 })).rejects.toMatchObject({ status: 404 });
});

it("announces new PHP values to every account of the package", async () => {
  await addPackage("Starter");
  await addAccount("aa", 1);
  await addAccount("bb", 1);
  await panel.call("packages.update", { id: 1, max_email: 9 });
  const announced = () => panel.effects.guarded.filter((hook) => hook.id === "accounts.state-changed").length;
  expect(announced()).toBe(0);
  await panel.call("packages.update", { id: 1, php_memory_mb: 256 });
  expect(announced()).toBe(2);
});

it("counts begun mebibytes", async () => {
  await addPackage("Starter");
  await addAccount("aa", 1);
  await panel.db("accounts").update({ disk_used_bytes: 1_048_577 });
  expect(await diskMeter.count(panel.read, 1)).toBe(2);
});
