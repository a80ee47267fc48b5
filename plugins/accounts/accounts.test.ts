import { isPanelError } from "@patchbay/sdk";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AccountDetail, AccountListItem } from "./account-view.ts";
import { DomainsOfAccount } from "./contract.ts";
import { DiskUsageToken } from "./disk-usage.ts";
import { createPanel, type Panel, panelUser, principalOf, range } from "./testing/panel.ts";

const reseller = principalOf("reseller", 7);
const other = principalOf("reseller", 8);
let panel: Panel;

beforeEach(async () => {
  panel = await createPanel();
  panel.users.set(7, panelUser(7, "acme", "reseller"));
  panel.users.set(8, panelUser(8, "other", "reseller"));
});
afterEach(() => panel.close());

function create(username: string, more: Record<string, unknown> = {}, by = principalOf("admin", 1)) {
  const input = {
    username,
    domain: `${username}.example`,
    email: `${username}@example.com`,
    password: "Corr3ct-horse",
  };
  return panel.call("accounts.create", { ...input, ...more }, by) as Promise<AccountDetail>;
}

async function errorOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isPanelError(error)) return `${error.status} ${error.code} ${error.fields.map((f) => f.message).join()}`.trim();
    throw error;
  }
  return "no error";
}

const list = async (query: Record<string, unknown> = {}, by = principalOf("admin", 1)) =>
  (await panel.call("accounts.list", query, by)) as {
    items: AccountListItem[];
    meta: { total: number; pages: number };
  };

const names = async (query: Record<string, unknown> = {}, by = principalOf("admin", 1)) =>
  (await list(query, by)).items.map((item) => item.username);

it("creates an account with its login, its OS account and whatever taps add", async () => {
  const made = await create("john");
  expect(made).toMatchObject({
    username: "john",
    domain: "john.example",
    status: "active",
    package_id: null,
    package_name: null,
    php_version: "8.3",
    reseller_id: null,
    home_dir: "/homes/john",
    domains: [],
    suspended_at: null,
  });
  expect(panel.users.get(9)).toMatchObject({ username: "john", role: "user" });
  expect(panel.effects.touched).toEqual(["accounts:john"]);
  expect(panel.effects.guarded).toMatchObject([
    {
      id: "accounts.provision",
      payload: { domain: "john.example", phpVersion: "8.3", account: { uid: range.firstUid } },
    },
  ]);
  expect(panel.effects.emitted).toEqual([
    {
      id: "accounts.created",
      payload: { accountId: made.id, username: "john", email: "john@example.com", domain: "john.example" },
    },
  ]);
});

it("leaves nothing when a tap refuses the new account", async () => {
  panel.failHook("accounts.provision");
  await expect(create("john")).rejects.toThrow("the tap fails");
  expect(await names()).toEqual([]);
});

it("gives an account made by a reseller to that reseller", async () => {
  expect((await create("mine", {}, reseller)).reseller_id).toBe(7);
  expect(await errorOf(create("theirs", { reseller_id: 8 }, reseller))).toBe("403 RESELLER_CHOICE_FORBIDDEN");
  expect((await create("given", { reseller_id: 8 })).reseller_id).toBe(8);
  expect(await errorOf(create("wrong", { reseller_id: 1 }))).toContain("must be an active reseller");
});

it("refuses what is taken, missing or easy to guess", async () => {
  await create("john");
  expect(await errorOf(create("jane", { domain: "john.example" }))).toBe("409 DOMAIN_EXISTS");
  expect(await errorOf(create("john", { domain: "x.example" }))).toBe("409 USERNAME_TAKEN");
  expect(await errorOf(create("jim", { php_version: "7.4" }))).toContain("must be an installed PHP version: 8.3, 8.2");
  expect(await errorOf(create("jim", { package_id: 99 }))).toContain("must be an existing package");
  expect(await errorOf(create("jim", { password: "jimjim123" }))).toContain("must not be built from the user name");
  await expect(create("jim", { role: "admin" })).rejects.toThrow();
  await expect(create("jim", { uid: 0 })).rejects.toThrow();
});

it("gives OS user ids round the range, so that a freed one rests as long as possible", async () => {
  const uidOf = async (username: string) => {
    await create(username);
    return ((await panel.db("accounts").where({ username }).first()) as { uid: number }).uid - range.firstUid;
  };
  expect([await uidOf("aa"), await uidOf("bb")]).toEqual([0, 1]);
  await panel.call("accounts.terminate", { id: 2 });
  expect([await uidOf("cc"), await uidOf("dd"), await uidOf("ee")]).toEqual([2, 3, 4]);
  expect(await uidOf("ff")).toBe(1);
  expect(await errorOf(create("gg"))).toBe("503 ACCOUNT_UIDS_EXHAUSTED");
});

it("terminates: hooks first, then the account, its login and its sessions", async () => {
  const { id } = await create("john");
  await panel.call("accounts.terminate", { id });
  expect(panel.effects.guarded.at(-1)).toMatchObject({ id: "accounts.deprovision", payload: { account: { id } } });
  expect(panel.effects.revoked).toEqual([9]);
  expect(panel.users.has(9)).toBe(false);
  expect(panel.effects.emitted.at(-1)?.id).toBe("accounts.terminated");
  expect(await errorOf(panel.call("accounts.get", { id: String(id) }))).toBe("404 NOT_FOUND");
  expect(panel.operations.get("accounts.terminate")?.access.callers).toEqual(["admin"]);
});

it("suspends once, keeps the reason, and re-enables once", async () => {
  const { id } = await create("john");
  await panel.call("accounts.suspend", { id, reason: "unpaid" });
  await panel.call("accounts.suspend", { id });
  expect(await panel.call("accounts.get", { id: String(id) })).toMatchObject({
    status: "suspended",
    suspend_reason: "unpaid",
    suspended_at: "2023-11-14T22:13:20Z",
    disk_used_mb: 2,
  });
  const changes = () => panel.effects.guarded.filter((hook) => hook.id === "accounts.state-changed");
  expect(changes()).toMatchObject([{ payload: { account: { status: "suspended" } } }]);
  expect(panel.effects.emitted.at(-1)).toMatchObject({ id: "accounts.suspended", payload: { reason: "unpaid" } });
  await panel.call("accounts.unsuspend", { id });
  await panel.call("accounts.unsuspend", { id });
  expect(changes()).toHaveLength(2);
  expect(await panel.call("accounts.get", { id: String(id) })).toMatchObject({
    status: "active",
    suspend_reason: null,
  });
});

it("lists a reseller's own accounts, searches literally and filters", async () => {
  await create("anna", {}, reseller);
  await create("bert", {}, other);
  await create("carl");
  await panel.call("accounts.suspend", { id: 3 });
  expect(await names()).toEqual(["anna", "bert", "carl"]);
  expect(await names({}, reseller)).toEqual(["anna"]);
  expect(await names({ search: "BERT.EXA" })).toEqual(["bert"]);
  expect(await names({ search: "bert" }, reseller)).toEqual([]);
  for (const search of ["%", "_", "\\", "%' OR 1=1 --", "a__a"]) expect(await names({ search })).toEqual([]);
  expect(await names({ status: "suspended" })).toEqual(["carl"]);
  expect(await names({ status: "terminated" })).toEqual([]);
  expect((await list({ per_page: "2", page: "2" })).meta).toEqual({ total: 3, page: 2, per_page: 2, pages: 2 });
  expect(await names({ per_page: "2", page: "2" })).toEqual(["carl"]);
});

it("reads a page with the same number of statements however long it is", async () => {
  panel.provide(DomainsOfAccount, {
    list: async () => [],
    counts: async (read, ids) => {
      await read.all("SELECT 1");
      return new Map(ids.map((id) => [id, id * 10]));
    },
  });
  const cost = async () => {
    const before = panel.statements();
    await list();
    return panel.statements() - before;
  };
  await create("aa");
  const forOne = await cost();
  for (const username of ["bb", "cc", "dd"]) await create(username);
  expect(await cost()).toBe(forOne);
  expect((await list()).items.map((item) => item.domain_count)).toEqual([10, 20, 30, 40]);
});

it("reports usage, and says so when the disk was never measured", async () => {
  await create("john");
  expect(await panel.call("accounts.usage", { id: "1" })).toEqual({
    account_id: 1,
    disk: { used_mb: 2, limit_mb: null },
    email: { used: 3, limit: null },
    databases: { used: 3, limit: null },
    domains: { used: 3, limit: null },
    ftp: { used: 3, limit: null },
  });
  expect(await errorOf(panel.call("stats.account", {}))).toBe("400 INVALID_INPUT must be given");
  panel.provide(DiskUsageToken, { of: async () => undefined } as never);
  expect(await errorOf(panel.call("stats.account", { account_id: "1" }))).toBe("503 DISK_USAGE_UNKNOWN");
  expect(await panel.call("accounts.get", { id: "1" })).toMatchObject({ disk_used_mb: 0 });
});

it("ends all sessions when the password is set", async () => {
  await create("john");
  await panel.call("accounts.change-password", { account_id: 1, password: "An0ther-horse" });
  expect(panel.effects.revoked).toEqual([9]);
  expect(await errorOf(panel.call("accounts.change-password", { account_id: 1, password: "john12345" }))).toContain(
    "name",
  );
});

it("keeps a reseller while it owns accounts, and other logins out of reach", async () => {
  await create("anna", {}, reseller);
  expect(await panel.call("resellers.list", {})).toMatchObject([
    { id: 7, account_count: 1 },
    { id: 8, account_count: 0 },
  ]);
  expect(await errorOf(panel.call("resellers.delete", { id: 7 }))).toBe("409 RESELLER_HAS_ACCOUNTS");
  for (const id of [1, 9]) {
    expect(await errorOf(panel.call("resellers.delete", { id }))).toBe("404 NOT_FOUND");
    expect(await errorOf(panel.call("resellers.update", { id, password: "An0ther-horse" }))).toBe("404 NOT_FOUND");
  }
  await panel.call("resellers.update", { id: 8, status: "disabled" });
  expect(panel.effects.revoked).toEqual([8]);
  expect(await errorOf(create("bert", { reseller_id: 8 }))).toContain("must be an active reseller");
  await panel.call("resellers.delete", { id: 8 });
  expect(panel.users.has(8)).toBe(false);
});
