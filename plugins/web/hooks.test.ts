import { type AccountRow, accountDeprovision, accountProvision } from "@patchbay/accounts/contract";
import { afterEach, beforeEach, expect, it } from "vitest";
import { admin, createPanel, type Panel, user } from "./testing/panel.ts";
import { refusal } from "./testing/refusal.ts";

let panel: Panel;
let john: AccountRow;
let main: Record<string, unknown>;

beforeEach(async () => {
  panel = await createPanel();
  john = await panel.addAccount("john");
  await panel.tap(accountProvision, { account: john, domain: john.domain, phpVersion: john.php_version });
  main = { domainId: 1, accountId: john.id, domain: "john.test", type: "main" };
});
afterEach(() => panel.close());

/** Hooks since the last time it was asked. */
const told = () => panel.emitted.splice(0);
const update = (input: Record<string, unknown>, by = user) =>
  panel.call("domains.update", { domain_id: 1, ...input }, by);

it("tells of domains that come and go, also with their account", async () => {
  expect(told()).toEqual([{ id: "domains.added", payload: main }]);
  const shop = (await panel.call("domains.add", { account_id: john.id, domain: "shop.test", type: "addon" }, user)) as {
    id: number;
  };
  const payload = { domainId: shop.id, accountId: john.id, domain: "shop.test", type: "addon" };
  expect(told()).toEqual([{ id: "domains.added", payload }]);
  await refusal(panel.call("domains.add", { account_id: john.id, domain: "shop.test", type: "addon" }, user));
  expect(told()).toEqual([]);
  await panel.call("domains.remove", { account_id: john.id, domain_id: shop.id }, user);
  expect(told()).toEqual([{ id: "domains.removed", payload }]);
  await panel.tap(accountDeprovision, { account: john });
  expect(told()).toEqual([{ id: "domains.removed", payload: main }]);
});

it("tells what of a site was changed, and nothing when it was so before", async () => {
  told();
  await update({ force_https: true, hsts_max_age: 600, php_version: "8.3" });
  expect(told()).toEqual([
    { id: "domains.updated", payload: { ...main, changed: ["php_version", "force_https", "hsts_max_age"] } },
  ]);
  await update({ force_https: true, hsts_max_age: 600 });
  expect(told()).toEqual([]);
});

it("tells of another web server twice: as a setting, and with from and to", async () => {
  told();
  await update({ web_server: "nginx" }, admin);
  expect(told()).toEqual([
    { id: "domains.updated", payload: { ...main, changed: ["web_server"] } },
    { id: "domains.assigned", payload: { ...main, from: null, to: "nginx" } },
  ]);
  await update({ web_server: null }, admin);
  expect(told()[1]).toEqual({ id: "domains.assigned", payload: { ...main, from: "nginx", to: null } });
});

it("tells of aliases", async () => {
  told();
  await panel.call("domains.add-alias", { domain_id: 1, alias: "Other.test" }, user);
  await panel.call("domains.remove-alias", { domain_id: 1, alias: "other.test" }, user);
  const payload = { ...main, alias: "other.test" };
  expect(told()).toEqual([
    { id: "domains.alias-added", payload },
    { id: "domains.alias-removed", payload },
  ]);
});

it("tells of configuration text without the text", async () => {
  told();
  const save = (content: string) =>
    panel.call("domains.save-include", { domain_id: 1, provider: "nginx", content }, admin);
  for (const content of ["add_header X s3cret;", "add_header X s3cret;", "", ""]) await save(content);
  expect(told()).toEqual([
    { id: "domains.include-saved", payload: { ...main, provider: "nginx", removed: false } },
    { id: "domains.include-saved", payload: { ...main, provider: "nginx", removed: true } },
  ]);
});
