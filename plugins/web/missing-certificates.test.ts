import { accountProvision } from "@patchbay/accounts/contract";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createPanel, type Panel } from "./testing/panel.ts";

let panel: Panel;
beforeEach(async () => {
  panel = await createPanel();
});
afterEach(() => panel.close());

async function provision(username: string): Promise<void> {
  const account = await panel.addAccount(username);
  await panel.tap(accountProvision, { account, domain: account.domain, phpVersion: account.php_version });
}

it("gives domains from before the certificates theirs, for all their names, and leaves the others alone", async () => {
  for (const name of ["jane", "john"]) await provision(name);
  await panel.call("domains.add-alias", { domain_id: 2, alias: "alias.test" });
  panel.certificates.delete("john.test");
  panel.certificates.set("jane.test", { names: ["jane.test"], fingerprint: "uploaded", trusted: true });
  panel.touched.length = 0;
  expect(await panel.upgrade()).toBe(false);
  expect(panel.certificates.get("john.test")?.names).toEqual(["john.test", "alias.test"]);
  expect(panel.certificates.get("jane.test")?.fingerprint).toBe("uploaded");
  expect(panel.touched).toEqual(["web-root:john.test", "web:john.test"]);
  expect(await panel.upgrade()).toBe(false);
  expect(panel.touched).toHaveLength(2);
});

it("takes a hundred at once, and finds those behind the first page", async () => {
  const { id: account_id } = await panel.addAccount("john");
  const row = (n: number) => ({ name: `d${String(n).padStart(4, "0")}.test`, uuid: `${n}` });
  const rest = { account_id, type: "addon", created_at: 1, updated_at: 1 };
  const rows = Array.from({ length: 1_205 }, (_, n) => ({ ...row(n), backwards: `test.${n}`, ...rest }));
  await panel.db.batchInsert("domains", rows, 100);
  for (const { name } of rows.slice(0, 1_050)) {
    panel.certificates.set(name, { names: [name], fingerprint: "", trusted: false });
  }
  expect(await panel.upgrade()).toBe(true);
  expect(panel.certificates.size).toBe(1_150);
  expect(await panel.upgrade()).toBe(false);
  expect(panel.certificates.size).toBe(1_205);
  const before = panel.statements();
  expect(await panel.upgrade()).toBe(false);
  expect(panel.statements() - before).toBe(2);
});
