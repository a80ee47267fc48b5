import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openTestAuth, type TestAuth, testPassword } from "./test-auth.ts";
import { cached } from "./test-steps.ts";

let auth: TestAuth;
let admin: string;
let userId: number;
let number = 0;

beforeAll(async () => {
  auth = await openTestAuth();
  await auth.addUser("root", "admin");
  await auth.addUser("rita", "reseller");
  userId = await auth.addUser("john", "user");
});
afterAll(() => auth.stop());
beforeEach(async () => {
  auth.clock.advance(60_000);
  await auth.storage.change((change) => change.db("sessions").delete());
  admin = await auth.login("root");
  number += 1;
});

const dead = (secret: string) => expect(auth.who(secret)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });

const impersonate = async (id: number, by: string) => {
  const principal = await auth.who(by);
  return (await auth.storage.change((change) => auth.users.impersonate(change.db, id, principal))).value;
};

describe("auth", () => {
  it("says who is logged in", async () => {
    auth.setAccounts({ tables: [], find: async () => ({ accountId: 9, suspended: true, reason: "unpaid" }) });
    const { data } = await auth.call("auth.me", {}, await auth.login("john"));
    expect(data).toEqual({
      id: userId,
      username: "john",
      email: "john@example.test",
      role: "user",
      account_id: 9,
      suspended: true,
      suspend_reason: "unpaid",
      two_factor: false,
      impersonator: null,
    });
    auth.setAccounts({ tables: [], find: async () => undefined });
    await expect(auth.call("auth.me", {}, undefined)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("logs out at once, also the holder of a suspended account", async () => {
    auth.setAccounts({ tables: [], find: async () => ({ accountId: 9, suspended: true }) });
    const secret = await auth.login("john");
    await cached(auth, secret);
    expect((await auth.call("auth.logout", {}, secret)).cookie).toBeNull();
    await dead(secret);
    auth.setAccounts({ tables: [], find: async () => undefined });
  });

  it("changes the password and ends every other session and token", async () => {
    const name = `pat${number}`;
    await auth.addUser(name, "reseller");
    const [mine, other] = [await auth.login(name), await auth.login(name)];
    const token = String((await auth.call("tokens.create", { name: "t" }, mine)).data.token);
    const input = {
      current_password: testPassword,
      new_password: "a quite new secret",
      confirm_password: "a quite new secret",
    };
    const change = (patch: object) => auth.call("auth.change-password", { ...input, ...patch }, mine);
    await expect(change({ current_password: "no" })).rejects.toMatchObject({ code: "WRONG_PASSWORD", status: 403 });
    await expect(change({ confirm_password: "another" })).rejects.toMatchObject({
      status: 400,
      fields: [{ field: "confirm_password" }],
    });
    const built = { new_password: `${name}${name}1`, confirm_password: `${name}${name}1` };
    await expect(change(built)).rejects.toMatchObject({ status: 400, fields: [{ field: "new_password" }] });
    await cached(auth, other, token);
    await change({});
    expect(await auth.who(mine)).toMatchObject({ username: name });
    await dead(other);
    await dead(token);
    await expect(auth.login(name)).rejects.toMatchObject({ code: "INVALID_CREDENTIALS" });
    expect(await auth.login(name, { password: "a quite new secret" })).toBeTruthy();
  });

  it("stops guessing the current password from a stolen session", async () => {
    const name = `pat${number}`;
    await auth.addUser(name, "reseller");
    const secret = await auth.login(name);
    for (let i = 0; i < 5; i += 1) {
      await expect(auth.call("auth.totp-disable", { password: "no" }, secret)).rejects.toMatchObject({ status: 403 });
    }
    const right = { password: testPassword };
    await expect(auth.call("auth.totp-disable", right, secret)).rejects.toMatchObject({ status: 429 });
    auth.clock.advance(30_000);
    const verify = auth.passwords.verify.bind(auth.passwords);
    // Another guess fails while this one is being checked.
    const spy = vi.spyOn(auth.passwords, "verify").mockImplementationOnce(async (hash, password) => {
      await expect(auth.call("auth.totp-disable", { password: "no" }, secret)).rejects.toMatchObject({ status: 403 });
      return verify(hash, password);
    });
    await expect(auth.call("auth.totp-disable", right, secret)).rejects.toMatchObject({ status: 429 });
    spy.mockRestore();
  });
});

describe("impersonation", () => {
  it("names both, refuses what only the person may do, and ends with its own session", async () => {
    const secret = await impersonate(userId, admin);
    expect(await auth.who(secret)).toMatchObject({
      userId,
      username: "john",
      role: "user",
      impersonator: { username: "root" },
    });
    expect((await auth.call("auth.me", {}, secret)).data).toMatchObject({ username: "john", impersonator: "root" });
    await expect(auth.call("tokens.create", { name: "t" }, secret)).rejects.toMatchObject({ code: "IMPERSONATING" });
    await expect(auth.call("auth.totp-setup", {}, secret)).rejects.toMatchObject({ code: "IMPERSONATING" });
    await expect(impersonate(userId, secret)).rejects.toMatchObject({ code: "IMPERSONATING" });
    await auth.call("auth.logout", {}, admin);
    await dead(secret);
  });

  it("goes back to a new session of the impersonator", async () => {
    const secret = await impersonate(userId, admin);
    const { data, cookie } = await auth.call("auth.stop-impersonating", {}, secret);
    expect(data).toMatchObject({ user: { username: "root", role: "admin" }, portal_url: "https://panel.test/admin" });
    await dead(secret);
    await dead(admin);
    expect(await auth.who(cookie?.value)).toMatchObject({ username: "root", impersonator: null });
    await expect(auth.call("auth.stop-impersonating", {}, cookie?.value)).rejects.toMatchObject({
      code: "NOT_IMPERSONATING",
    });
  });

  it("ends both sessions by logging out", async () => {
    const secret = await impersonate(userId, admin);
    await auth.call("auth.logout", {}, secret);
    await dead(secret);
    await dead(admin);
  });

  it("is for those who may do more, with a session", async () => {
    const reseller = await auth.login("rita");
    const rootId = (await auth.who(admin)).userId ?? 0;
    const ritaId = (await auth.who(reseller)).userId ?? 0;
    for (const id of [rootId, ritaId])
      await expect(impersonate(id, reseller)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(impersonate(rootId, admin)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(impersonate(999_999, admin)).rejects.toMatchObject({ code: "NOT_FOUND" });
    const token = String((await auth.call("tokens.create", { name: "t" }, admin)).data.token);
    await expect(impersonate(userId, token)).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  });

  it("ends when the other sessions of the impersonator are revoked, or the impersonator is disabled", async () => {
    const { userId: rootId, credentialId } = await auth.who(admin);
    const first = await impersonate(userId, admin);
    await cached(auth, first);
    await auth.storage.change((change) => auth.users.revoke(change.db, rootId ?? 0, credentialId ?? 0));
    await dead(first);
    const second = await impersonate(userId, admin);
    const status = (value: "active" | "disabled") =>
      auth.storage.change((change) => auth.users.update(change.intents, rootId ?? 0, { status: value }));
    await cached(auth, second);
    await status("disabled");
    await dead(second);
    await status("active");
    expect(await auth.who(second)).toMatchObject({ username: "john" });
  });

  it("ends the tokens of a user whose logins are revoked, at once", async () => {
    const reseller = await auth.login("rita");
    const token = String((await auth.call("tokens.create", { name: "t" }, reseller)).data.token);
    const { userId: ritaId } = await auth.who(reseller);
    await auth.storage.change((change) => change.db("sessions").where({ user_id: ritaId }).delete());
    await cached(auth, token);
    await auth.storage.change((change) => auth.users.revoke(change.db, ritaId ?? 0));
    await dead(token);
  });
});

describe("sessions", () => {
  it("lists all for an admin and the own for everybody else, never the cookie", async () => {
    const john = await auth.login("john");
    const rows = (await auth.call("sessions.list", {}, admin)).data as unknown as Record<string, unknown>[];
    expect(rows.map((row) => [row.username, row.current])).toEqual([
      ["john", false],
      ["root", true],
    ]);
    expect(Object.keys(rows[0] ?? {}).sort()).toEqual([
      "created_at",
      "current",
      "expires_at",
      "id",
      "ip_address",
      "role",
      "user_agent",
      "user_id",
      "username",
    ]);
    expect(JSON.stringify(rows)).not.toContain(john);
    const own = (await auth.call("sessions.list", {}, john)).data as unknown as Record<string, unknown>[];
    expect(own.map((row) => row.username)).toEqual(["john"]);
  });

  it("revokes one, one user's and all, at once", async () => {
    const [one, two, reseller] = [await auth.login("john"), await auth.login("john"), await auth.login("rita")];
    const rows = (await auth.call("sessions.list", {}, admin)).data as unknown as { id: string; username: string }[];
    await cached(auth, one);
    const session_id = rows.filter((row) => row.username === "john").at(-1)?.id;
    expect((await auth.call("sessions.revoke", { session_id }, admin)).data).toBeNull();
    await dead(one);
    await expect(auth.call("sessions.revoke", { session_id }, admin)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await cached(auth, two);
    expect((await auth.call("sessions.revoke-user", { user_id: userId }, admin)).data).toEqual({ revoked: 1 });
    await dead(two);
    await expect(auth.call("sessions.revoke-user", { user_id: 999_999 }, admin)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await cached(auth, await impersonate(userId, admin), reseller);
    const all = await auth.call("sessions.revoke-all", {}, admin);
    expect(all).toEqual({ data: { revoked: 3 }, cookie: null });
    await dead(reseller);
    await dead(admin);
  });

  it("is for admins to revoke", async () => {
    const reseller = await auth.login("rita");
    for (const [id, input] of [
      ["sessions.revoke", { session_id: "x" }],
      ["sessions.revoke-user", { user_id: 1 }],
      ["sessions.revoke-all", {}],
    ]) {
      await expect(auth.call(id as string, input, reseller)).rejects.toMatchObject({ code: "FORBIDDEN", status: 403 });
    }
  });
});
