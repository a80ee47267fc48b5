import { TOTP } from "otpauth";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { adminPassword, TestInstance } from "../harness/instance.ts";
import { createAccount, holderPassword, must, type NewAccount } from "../harness/must.ts";

let instance: TestInstance;
let admin: Client;
let account: NewAccount;
let holder: Client;
let names = 0;

beforeAll(async () => {
  instance = await TestInstance.start();
  admin = await instance.admin();
});
afterAll(() => instance?.destroy());
beforeEach(async () => {
  names += 1;
  account = await createAccount(admin, `holder${names}`);
  holder = await login(account.username);
});

async function login(username: string, more: object = {}): Promise<Client> {
  const client = instance.client();
  const answer = await client.post("auth/login", { username, password: holderPassword, ...more });
  if (answer.status !== 200) throw new Error(answer.text);
  return client;
}

/** The code of now, or of another time step. */
const codeOf = (secret: string, steps = 0) => new TOTP({ secret }).generate({ timestamp: Date.now() + steps * 30_000 });

describe("the second factor", () => {
  const withCode = (two_factor_code?: string) =>
    instance.client().post("auth/login", {
      username: account.username,
      password: holderPassword,
      ...(two_factor_code === undefined ? {} : { two_factor_code }),
    });

  it("is set up, asked for, accepted once, and replaced by a backup code", async () => {
    const other = await login(account.username);
    const { secret, otpauth_url } = await must(holder.post("auth/totp-setup"));
    expect(otpauth_url).toMatch(/^otpauth:\/\/totp\//);
    expect((await withCode()).status, "not on yet").toBe(200);
    const wrong = await holder.post("auth/totp-enable", { code: "000000" });
    expect(wrong).toMatchObject({ status: 403, body: { code: "WRONG_CODE" } });
    const { backup_codes } = await must(holder.post("auth/totp-enable", { code: codeOf(secret, -1) }));
    expect(new Set(backup_codes).size).toBe(10);
    expect((await holder.get("auth/me")).body.data.two_factor).toBe(true);
    expect((await other.get("auth/me")).status, "other sessions end").toBe(401);

    expect(await withCode()).toMatchObject({ status: 401, body: { data: { twofa_required: true } } });
    const badPassword = await instance.client().login(account.username, "not the password");
    expect(badPassword.status).toBe(401);
    expect(badPassword.text).not.toContain("twofa_required");
    expect((await withCode(codeOf(secret, -1))).status, "used when it was enabled").toBe(401);
    const code = codeOf(secret);
    const both = await Promise.all([withCode(code), withCode(code)]);
    expect(both.map((answer) => answer.status).sort(), "once, also at once").toEqual([200, 401]);
    expect((await withCode(code)).status).toBe(401);
    expect((await withCode(backup_codes[0])).status).toBe(200);
    expect((await withCode(backup_codes[0])).status, "a backup code too").toBe(401);
  });

  it("is turned off with the password", async () => {
    const { secret } = await must(holder.post("auth/totp-setup"));
    await must(holder.post("auth/totp-enable", { code: codeOf(secret) }));
    expect((await holder.post("auth/totp-disable", { password: "not the password" })).status).toBe(403);
    await must(holder.post("auth/totp-disable", { password: holderPassword }));
    expect((await withCode()).status).toBe(200);
  });
});

describe("API tokens", () => {
  const bearer = (token: string) => {
    const client = instance.client();
    client.token = token;
    return client;
  };

  it("do what their scopes say and no more, and end at once", async () => {
    const made = await must(
      admin.post("tokens/create", { name: "reader", scopes: ["accounts:read", "domains:write"] }),
    );
    const token = bearer(made.token);
    await must(token.get("accounts/list"));
    await must(token.post("domains/add", { account_id: account.id, domain: `by-token${names}.test`, type: "addon" }));
    for (const answer of [
      await token.post("accounts/suspend", { id: account.id }),
      await token.get("packages/list"),
      await token.get("system/audit-log"),
      await token.delete("packages/delete", { id: 1 }),
    ]) {
      expect(answer).toMatchObject({ status: 403, body: { code: "SCOPE_REQUIRED" } });
    }
    const wider = await token.post("tokens/create", { name: "wider", scopes: ["accounts:delete"] });
    expect(wider.status).toBe(403);
    expect((await must(admin.get("tokens/list"))).flatMap((one: object) => Object.keys(one))).not.toContain("token");
    await must(admin.delete("tokens/revoke", { id: made.id }));
    expect((await token.get("accounts/list")).status).toBe(401);
  });

  it("of a user reach only what is the user's", async () => {
    const other = await createAccount(admin, `stranger${names}`);
    const token = bearer((await must(holder.post("tokens/create", { name: "mine" }))).token);
    expect((await must(token.get("auth/me"))).account_id).toBe(account.id);
    expect((await token.get("domains/list", { account_id: other.id })).status).toBe(404);
    expect((await token.get("accounts/list")).status).toBe(403);
    expect((await admin.post("accounts/terminate", { id: account.id })).status).toBe(200);
    expect((await token.get("auth/me")).status).toBe(401);
  });

  it("are refused next to a session, and when they are not ours", async () => {
    const both = instance.client();
    both.cookie = admin.cookie;
    both.token = (await must(admin.post("tokens/create", { name: "both" }))).token;
    expect((await both.get("auth/me")).status).toBe(401);
    expect((await bearer("pb_not-a-token").get("auth/me")).status).toBe(401);
  });

  it("end at the day that was said", async () => {
    const past = await admin.post("tokens/create", { name: "past", expires_at: "2020-01-01" });
    expect(past).toMatchObject({ status: 400, body: { errors: [{ field: "expires_at" }] } });
  });
});

describe("impersonation", () => {
  it("is recorded with both names, cannot do what only the person may, and leads back", async () => {
    const acting = await instance.admin();
    await must(acting.post("accounts/impersonate", { id: account.id }));
    expect(await must(acting.get("auth/me"))).toMatchObject({ username: account.username, impersonator: "admin" });
    const domain = `acted${names}.test`;
    await must(acting.post("domains/add", { domain, type: "addon" }));
    expect((await acting.get("accounts/list")).status).toBe(403);
    const password = {
      current_password: holderPassword,
      new_password: "taken over 12345",
      confirm_password: "taken over 12345",
    };
    expect((await acting.post("auth/change-password", password)).status).toBe(403);
    expect((await acting.post("tokens/create", { name: "left behind" })).status).toBe(403);
    const back = await acting.post("auth/stop-impersonating");
    expect(back.body.data.user.username).toBe("admin");
    expect(await must(acting.get("auth/me"))).toMatchObject({ username: "admin", impersonator: null });
    const { items } = await must(admin.get("system/audit-log", { action: "domains.add", per_page: 5 }));
    const entry = (items as { detail: { domain?: string } }[]).find((one) => one.detail.domain === domain);
    expect(JSON.stringify(entry)).toContain(account.username);
    expect(JSON.stringify(entry)).toContain("admin");
    expect(entry).toMatchObject({ username: account.username, detail: { impersonator: "admin" } });
  });

  it("is for those above alone", async () => {
    expect((await holder.post("accounts/impersonate", { id: account.id })).status).toBe(403);
    expect((await admin.post("accounts/impersonate", { id: 4711 })).status).toBe(404);
  });
});

describe("sessions", () => {
  it("end at once when they are revoked, when the password changes, and with the account", async () => {
    const second = await login(account.username);
    const list = await must(second.get("sessions/list"));
    const first = (list as { id: string; current: boolean }[]).find((one) => !one.current);
    await must(admin.delete("sessions/revoke", { session_id: first?.id }));
    expect((await holder.get("auth/me")).status).toBe(401);
    const third = await login(account.username);
    const password = {
      current_password: holderPassword,
      new_password: "quite another one",
      confirm_password: "quite another one",
    };
    await must(third.post("auth/change-password", password));
    expect((await second.get("auth/me")).status, "another session").toBe(401);
    expect((await third.get("auth/me")).status, "the own session").toBe(200);
    await must(admin.post("accounts/change-password", { account_id: account.id, password: holderPassword }));
    expect((await third.get("auth/me")).status, "reset by the admin").toBe(401);
    const last = await login(account.username);
    await must(admin.post("accounts/terminate", { id: account.id }));
    expect((await last.get("auth/me")).status, "terminated").toBe(401);
  });

  it("get another id at every login and are not guessable", async () => {
    const cookies = await Promise.all(Array.from({ length: 4 }, async () => (await login(account.username)).cookie));
    expect(new Set(cookies).size).toBe(4);
    for (const cookie of cookies) expect(cookie?.length).toBeGreaterThan(40);
  });
});

describe("wrong passwords", () => {
  it("lock the pair of name and address, and nobody else", async () => {
    for (let at = 0; at < 5; at += 1) {
      expect((await instance.client().login(account.username, `wrong ${at}`)).status).toBe(401);
    }
    const locked = await instance.client().login(account.username, holderPassword);
    expect(locked).toMatchObject({ status: 429, body: { code: "LOGIN_LOCKED" } });
    expect(Number(locked.headers["retry-after"])).toBeGreaterThan(0);
    expect((await instance.client().login("admin", adminPassword)).status).toBe(200);
    const { items } = await must(admin.get("system/audit-log", { action: "auth.login", per_page: 10 }));
    expect(JSON.stringify(items)).toContain(account.username);
    expect(JSON.stringify(items)).not.toContain("wrong 0");
  });
});
