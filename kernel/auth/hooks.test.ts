import { PanelError } from "@patchbay/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestAuth, type TestAuth, testPassword } from "./test-auth.ts";
import { withFactor } from "./test-steps.ts";

let auth: TestAuth;
let number = 0;
let ip = "";

beforeAll(async () => {
  auth = await openTestAuth();
});
afterAll(() => auth.stop());
beforeEach(() => {
  number += 1;
  ip = `198.51.100.${number}`;
  auth.clock.advance(60 * 60_000);
  auth.setGuard(null);
  auth.hooked.length = 0;
});

const attempt = (username: string, extra: Record<string, unknown> = {}) =>
  auth.call("auth.login", { username, password: testPassword, ...extra }, undefined, ip);
const ids = () => auth.hooked.map(({ id }) => id);
const sessions = () => auth.storage.read.all("SELECT id FROM sessions");

describe("a login", () => {
  it("is asked about once the password is right, and told of when it succeeded, without a secret", async () => {
    const userId = await auth.addUser("anna", "admin");
    const { cookie } = await attempt("ANNA");
    const payload = { userId, username: "anna", role: "admin", ip, userAgent: "test", secondFactor: "none" };
    expect(auth.hooked).toEqual([
      { id: "login.before", payload },
      { id: "login.succeeded", payload },
    ]);
    expect(JSON.stringify(auth.hooked)).not.toContain(cookie?.value);
    expect(JSON.stringify(auth.hooked)).not.toContain(testPassword);
  });

  it("is asked about after the second factor, never before it", async () => {
    const { code } = await withFactor(auth, "bert");
    auth.hooked.length = 0;
    await expect(attempt("bert")).rejects.toMatchObject({ code: "TWO_FACTOR_REQUIRED" });
    await expect(attempt("bert", { two_factor_code: "000000" })).rejects.toMatchObject({ code: "INVALID_CREDENTIALS" });
    expect(auth.hooked).toMatchObject([{ id: "login.failed", payload: { username: "bert", reason: "second-factor" } }]);
    auth.hooked.length = 0;
    await attempt("bert", { two_factor_code: code() });
    expect(auth.hooked).toMatchObject([
      { id: "login.before", payload: { secondFactor: "totp" } },
      { id: "login.succeeded", payload: { secondFactor: "totp" } },
    ]);
  });

  it("that a tap denies gets its code and no session, and does not count towards the lockout", async () => {
    await auth.addUser("carl", "user");
    const before = await sessions();
    const denied = new PanelError("OFFICE_HOURS", { status: 403, message: "Come back at nine." });
    auth.setGuard(async () => {
      throw denied;
    });
    for (let at = 0; at < 7; at += 1) await expect(attempt("carl")).rejects.toBe(denied);
    expect(await sessions()).toEqual(before);
    expect(new Set(ids())).toEqual(new Set(["login.before"]));
    auth.setGuard(null);
    expect((await attempt("carl")).cookie?.value).toBeTruthy();
  });

  it("fails closed when a tap fails", async () => {
    await auth.addUser("dora", "user");
    const before = await sessions();
    auth.setGuard(async () => {
      throw new PanelError("HOOK_FAILED", { status: 503, message: "a tap failed" });
    });
    await expect(attempt("dora")).rejects.toMatchObject({ code: "HOOK_FAILED", status: 503 });
    expect(await sessions()).toEqual(before);
  });

  it("is not asked about when the panel refuses it: a tap can grant nothing", async () => {
    const off = await auth.addUser("emil", "user");
    await auth.storage.change((change) => auth.users.update(change.intents, off, { status: "disabled" }));
    auth.setGuard(async () => undefined);
    await expect(attempt("emil")).rejects.toMatchObject({ code: "INVALID_CREDENTIALS" });
    await expect(attempt("nobody")).rejects.toMatchObject({ code: "INVALID_CREDENTIALS" });
    expect(ids()).toEqual(["login.failed", "login.failed"]);
  });

  it("that failed is told of once, with a name only where it is one", async () => {
    const userId = await auth.addUser("fred", "user");
    await expect(attempt("fred", { password: "wr0ng guess" })).rejects.toThrow();
    await expect(attempt("pasted-passw0rd")).rejects.toThrow();
    const caller = { ip, userAgent: "test", reason: "credentials" };
    expect(auth.hooked).toEqual([
      { id: "login.failed", payload: { userId, username: "fred", ...caller } },
      { id: "login.failed", payload: { userId: null, username: null, ...caller } },
    ]);
  });

  it("is told of no more once it is locked", async () => {
    await auth.addUser("gina", "user");
    for (let at = 0; at < 8; at += 1) await expect(attempt("gina", { password: "wrong" })).rejects.toThrow();
    expect(ids()).toEqual(Array.from({ length: 5 }, () => "login.failed"));
  });
});

describe("credentials and sessions", () => {
  it("tell of each change of the own, without the new ones", async () => {
    const { secret, code, setup, backup } = await withFactor(auth, "hans");
    await auth.call("auth.backup-codes", { password: testPassword }, secret);
    await auth.call("auth.totp-disable", { password: testPassword }, secret);
    const next = "another good passphrase";
    const change = { current_password: testPassword, new_password: next, confirm_password: next };
    await auth.call("auth.change-password", change, secret);
    const told = auth.hooked.filter(({ id }) => id === "users.credentials-changed").map(({ payload }) => payload);
    const whats = ["second-factor-on", "backup-codes", "second-factor-off", "password"];
    expect(told).toEqual(whats.map((what) => expect.objectContaining({ what, username: "hans", by: "hans" })));
    const text = JSON.stringify(auth.hooked);
    for (const word of [next, String(setup.data["secret"]), code(), ...backup]) expect(text).not.toContain(word);
  });

  it("tell of a token that is made and ended, and never the token", async () => {
    const userId = await auth.addUser("ida", "admin");
    const secret = await auth.login("ida", {}, ip);
    auth.hooked.length = 0;
    const { data } = await auth.call("tokens.create", { name: "ci", scopes: ["domains:read"] }, secret);
    await auth.call("tokens.revoke", { id: data["id"] }, secret);
    const payload = { tokenId: data["id"], userId, name: "ci", scopes: ["domains:read"], by: "ida" };
    expect(auth.hooked).toEqual([
      { id: "tokens.created", payload },
      { id: "tokens.revoked", payload },
    ]);
    expect(JSON.stringify(auth.hooked)).not.toContain(String(data["token"]));
  });

  it("tell of sessions that an admin ends, and not of a logout", async () => {
    await auth.addUser("jana", "admin");
    const admin = await auth.login("jana", {}, ip);
    const userId = await auth.addUser("kurt", "user");
    const [first] = [
      await auth.login("kurt", {}, ip),
      await auth.login("kurt", {}, ip),
      await auth.login("kurt", {}, ip),
    ];
    const list = (await auth.call("sessions.list", {}, admin)).data as unknown as { id: string; username: string }[];
    auth.hooked.length = 0;
    const one = list.find(({ username }) => username === "kurt");
    await auth.call("sessions.revoke", { session_id: one?.id }, admin);
    await auth.call("auth.logout", {}, first);
    await auth.call("sessions.revoke-user", { user_id: userId }, admin);
    expect(auth.hooked).toEqual([
      { id: "sessions.revoked", payload: { userId, sessions: 1, by: "jana" } },
      { id: "sessions.revoked", payload: { userId, sessions: 1, by: "jana" } },
    ]);
    await expect(auth.call("sessions.revoke", { session_id: "no-such" }, admin)).rejects.toMatchObject({ status: 404 });
    expect(auth.hooked).toHaveLength(2);
  });
});
