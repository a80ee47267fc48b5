import { SystemFacts } from "@patchbay/sdk";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AccountDetail } from "./account-view.ts";
import { createPanel, type Panel } from "./testing/panel.ts";

const password = "Corr3ct-horse";
const limits = { disk_mb: 100, max_email: 1, max_databases: 2, max_ftp: 3, max_domains: 4, max_subdomains: 5 };
let panel: Panel;
let id: number;
let john: Record<string, unknown>;

beforeEach(async () => {
  panel = await createPanel();
  panel.provide(SystemFacts, { portal: () => "https://panel.test/" } as never);
  const input = { username: "john", domain: "john.example", email: "john@example.com", password };
  ({ id } = (await panel.call("accounts.create", input)) as AccountDetail);
  john = { accountId: id, username: "john", email: "john@example.com", domain: "john.example" };
});
afterEach(() => panel.close());

/** Hooks since the last time it was asked. */
const told = () => panel.effects.emitted.splice(0);

it("tells of an account's life, each step once, and nothing that was so before", async () => {
  expect(told()).toEqual([{ id: "accounts.created", payload: john }]);
  for (const reason of ["unpaid", "unpaid"]) await panel.call("accounts.suspend", { id, reason });
  for (let at = 0; at < 2; at += 1) await panel.call("accounts.unsuspend", { id });
  await panel.call("accounts.terminate", { id });
  expect(told()).toEqual([
    { id: "accounts.suspended", payload: { ...john, reason: "unpaid" } },
    { id: "accounts.unsuspended", payload: john },
    { id: "accounts.terminated", payload: john },
  ]);
});

it("tells what was changed, and of another package with from and to", async () => {
  const { id: gold } = (await panel.call("packages.create", { name: "Gold", ...limits })) as { id: number };
  told();
  await panel.call("accounts.update", { id, email: "new@example.com" });
  await panel.call("accounts.update", { id, email: "new@example.com", package_id: gold });
  await panel.call("accounts.update", { id, package_id: gold });
  const now = { ...john, email: "new@example.com" };
  expect(told()).toEqual([
    { id: "accounts.updated", payload: { ...now, changed: ["email"] } },
    { id: "accounts.updated", payload: { ...now, changed: ["package_id"] } },
    { id: "accounts.package-changed", payload: { ...now, from: null, to: gold } },
  ]);
});

it("tells of packages, and of the accounts that lose theirs", async () => {
  told();
  const { id: gold } = (await panel.call("packages.create", { name: "Gold", ...limits })) as { id: number };
  await panel.call("accounts.update", { id, package_id: gold });
  await panel.call("packages.update", { id: gold, name: "Silver" });
  await panel.call("packages.delete", { id: gold });
  expect(told().filter(({ id: hook }) => hook !== "accounts.updated")).toEqual([
    { id: "packages.created", payload: { packageId: gold, name: "Gold" } },
    { id: "accounts.package-changed", payload: { ...john, from: null, to: gold } },
    { id: "packages.updated", payload: { packageId: gold, name: "Silver" } },
    { id: "accounts.package-changed", payload: { ...john, from: gold, to: null } },
    { id: "packages.deleted", payload: { packageId: gold, name: "Silver" } },
  ]);
});

it("tells of who acts as whom, and of new passwords without them", async () => {
  told();
  await panel.call("accounts.impersonate", { id });
  await panel.call("accounts.change-password", { account_id: id, password: "Another-passw0rd" });
  const hooks = told();
  expect(hooks).toMatchObject([
    { id: "accounts.impersonated", payload: { ...john, by: "admin1" } },
    { id: "users.credentials-changed", payload: { username: "john", what: "password", by: "admin1" } },
  ]);
  expect(JSON.stringify(hooks)).not.toContain("Another-passw0rd");
});

it("tells of resellers, without their passwords", async () => {
  told();
  const input = { username: "reslr", email: "reslr@example.com", password };
  const { id: reseller } = (await panel.call("resellers.create", input)) as { id: number };
  await panel.call("resellers.update", { id: reseller, status: "disabled" });
  await panel.call("resellers.update", { id: reseller, password: "Another-passw0rd" });
  await panel.call("resellers.delete", { id: reseller });
  const hooks = told();
  const payload = { userId: reseller, username: "reslr", email: "reslr@example.com" };
  const off = { ...payload, status: "disabled" };
  expect(hooks).toEqual([
    { id: "resellers.created", payload: { ...payload, status: "active" } },
    { id: "resellers.updated", payload: off },
    { id: "resellers.updated", payload: off },
    {
      id: "users.credentials-changed",
      payload: { userId: reseller, username: "reslr", what: "password", by: "admin1" },
    },
    { id: "resellers.deleted", payload: off },
  ]);
  for (const secret of [password, "Another-passw0rd"]) expect(JSON.stringify(hooks)).not.toContain(secret);
});
