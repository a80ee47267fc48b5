import { startPanel, type TestPanel } from "@patchbay/sdk/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

let panel: TestPanel;

// A real panel in a temporary directory, with what `npm pack` makes of this folder installed, approved and enabled.
beforeAll(async () => {
  panel = await startPanel({ plugins: ["."] });
}, 120_000);
afterAll(() => panel?.stop());

const ada = { username: "ada", email: "ada@example.org", password: "long enough for a holder" };

async function save(values: Readonly<Record<string, string>>): Promise<void> {
  const { status, text } = await panel.call("POST", "plugins/save-settings", { id: "notes-on-login", values });
  expect(status, text).toBe(200);
}

describe("in a real panel", () => {
  it("is active, in a process of its own", async () => {
    const { data } = await panel.call("GET", "plugins/info", { id: "notes-on-login" });
    expect(data).toMatchObject({ state: "active", isolation: "process", problems: [] });
  });

  it("refuses the domains of its list, whoever adds them", async () => {
    await save({ refused_domains: "bank.test" });
    const refused = await panel.call("POST", "accounts/create", { ...ada, domain: "my.bank.test" });
    expect([refused.status, refused.code]).toEqual([403, "DOMAIN_ON_LIST"]);
    const created = await panel.call("POST", "accounts/create", { ...ada, domain: "ada.test" });
    expect(created.status, created.text).toBe(200);
    const holder = await panel.login(ada.username, ada.password);
    expect((await holder.call("POST", "domains/add", { domain: "bank.test", type: "addon" })).code).toBe(
      "DOMAIN_ON_LIST",
    );
  });

  it("keeps its secret to itself", async () => {
    await save({ address_key: "a key that nobody may see" });
    const shown = await panel.call("GET", "plugins/settings", { id: "notes-on-login" });
    expect(shown.data).toMatchObject({ values: { refused_domains: "bank.test", address_key: "***" } });
    expect(shown.text).not.toContain("nobody may see");
  });

  it("keeps who logged in, and what an admin notes on them", async () => {
    await panel.login(ada.username, ada.password);
    // A notify comes after the change, not with it.
    await vi.waitFor(async () => {
      const { data } = await panel.call("GET", "login-notes/list");
      expect(data).toContainEqual({
        username: "ada",
        last_login: expect.stringMatching(/^\d{4}-.*Z$/),
        address_mark: expect.stringMatching(/^[0-9a-f]{16}$/),
        note: "",
      });
    }, 10_000);
    const written = await panel.call("POST", "login-notes/write", { username: "ada", note: "asked for an invoice" });
    expect(written.data, written.text).toMatchObject({ username: "ada", note: "asked for an invoice" });
    expect((await panel.call("GET", "login-notes/list")).text).toContain("asked for an invoice");
    expect((await panel.call("POST", "login-notes/write", { username: "nobody", note: "?" })).status).toBe(404);
  });

  it("tells nobody but admins", async () => {
    const holder = await panel.login(ada.username, ada.password);
    expect((await holder.call("GET", "login-notes/list")).status).toBe(403);
  });

  it("still knows it after it was disabled and enabled", async () => {
    expect((await panel.call("POST", "plugins/disable", { id: "notes-on-login" })).status).toBe(200);
    expect((await panel.call("GET", "login-notes/list")).status).toBe(404);
    expect((await panel.call("POST", "plugins/enable", { id: "notes-on-login" })).status).toBe(200);
    expect((await panel.call("GET", "login-notes/list")).text).toContain("asked for an invoice");
  });
});
