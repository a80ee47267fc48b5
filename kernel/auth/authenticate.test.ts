import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestAuth, type TestAuth } from "./test-auth.ts";

const minute = 60_000;
let auth: TestAuth;
let admin: number;
let user: number;

beforeAll(async () => {
  auth = await openTestAuth();
  admin = await auth.addUser("root", "admin");
  user = await auth.addUser("john", "user");
});
afterAll(() => auth.stop());
beforeEach(() => auth.setAccounts({ tables: ["accounts"], find: async () => ({ accountId: 5, suspended: false }) }));

const identify = (cookieHeader?: string, authorization?: string) =>
  (async () => auth.authenticator.authenticate({ cookieHeader, authorization, ip: "192.0.2.9", userAgent: "ua" }))();
const dead = (secret: string) =>
  expect(auth.who(secret)).rejects.toMatchObject({ code: "UNAUTHENTICATED", status: 401 });

describe("authenticate", () => {
  it("makes a caller without credentials anonymous", async () => {
    expect(await identify()).toMatchObject({ role: "anonymous", userId: null, via: "none", ip: "192.0.2.9" });
    expect(await identify("theme=dark; other=ncpx_session")).toMatchObject({ role: "anonymous" });
  });

  it("answers synchronously for a known caller, with the address of each request", async () => {
    const secret = await auth.login("john");
    const first = await identify(`a=b; ncpx_session=${secret}`);
    expect(first).toMatchObject({
      userId: user,
      username: "john",
      role: "user",
      via: "session",
      accountId: 5,
      scopes: null,
    });
    const second = auth.authenticator.authenticate({
      cookieHeader: `ncpx_session=${secret}`,
      ip: "::2",
      userAgent: "x",
    });
    expect(second).not.toBeInstanceOf(Promise);
    expect(second).toMatchObject({ userId: user, ip: "::2", userAgent: "x" });
  });

  it("refuses what is no credential of the panel", async () => {
    const secret = await auth.login("john");
    const cookie = `ncpx_session=${secret}`;
    const unknown = "A".repeat(43);
    const bad: [string | undefined, string?][] = [
      [`${cookie}; ${cookie}`],
      [`ncpx_session=; ${cookie}`],
      ["ncpx_session="],
      [`ncpx_session=${unknown}`],
      [`ncpx_session=${secret}x`],
      [`ncpx_session="${secret}"`],
      [undefined, ""],
      [undefined, "Bearer"],
      [undefined, "Bearer pb_"],
      [undefined, `Bearer ${secret}`],
      [undefined, `Bearer pb_${secret}`],
      [undefined, `Bearer pb_${unknown} `],
      [undefined, "Basic cm9vdDpyb290"],
      [`ncpx_session=pb_${secret}`],
    ];
    for (const [cookieHeader, authorization] of bad) {
      await expect(identify(cookieHeader, authorization)).rejects.toMatchObject({
        status: 401,
        message: "no valid session",
      });
    }
    await expect(identify(cookie, `Bearer pb_${unknown}`)).rejects.toMatchObject({
      code: "AMBIGUOUS_CREDENTIALS",
      status: 401,
    });
  });

  it("lets a public operation be called with a stale cookie, as nobody", async () => {
    const credentials = { cookieHeader: `ncpx_session=${"A".repeat(43)}`, ip: "::1", userAgent: "" };
    expect(await auth.authenticator.authenticate(credentials, { optional: true })).toMatchObject({ role: "anonymous" });
    const twice = { ...credentials, cookieHeader: "ncpx_session=a; ncpx_session=b" };
    expect(await auth.authenticator.authenticate(twice, { optional: true })).toMatchObject({ role: "anonymous" });
  });

  it("ends a session after idle time: 30 minutes for an admin, two hours for a user", async () => {
    const adminSecret = await auth.login("root");
    const userSecret = await auth.login("john");
    await auth.who(adminSecret);
    auth.clock.advance(29 * minute);
    await auth.who(adminSecret);
    auth.clock.advance(30 * minute - 1);
    await auth.who(adminSecret);
    auth.clock.advance(30 * minute);
    await dead(adminSecret);
    expect(await auth.who(userSecret)).toMatchObject({ userId: user });
    auth.clock.advance(120 * minute);
    await dead(userSecret);
  });

  it("ends a session 12 hours after it was opened, however busy it was", async () => {
    const secret = await auth.login("root");
    for (let passed = 0; passed < 12 * 60 - 20; passed += 20) {
      auth.clock.advance(20 * minute);
      await auth.who(secret);
    }
    auth.clock.advance(20 * minute);
    await dead(secret);
  });

  it("remembers the last use that is not written yet, and writes it in one change", async () => {
    const secret = await auth.login("root");
    const { credentialId } = await auth.who(secret);
    auth.clock.advance(25 * minute);
    await auth.who(secret);
    // Empties the cache: the session is read from the database again, where it looks older than it is.
    await auth.addUser(`u${auth.clock.now()}`, "user");
    auth.clock.advance(25 * minute);
    await auth.who(secret);
    await auth.activity.flush();
    const row = await auth.storage.read.get<{ last_seen_at: number }>(
      "SELECT last_seen_at FROM sessions WHERE id = ?",
      [credentialId],
    );
    expect(auth.clock.now() - (row?.last_seen_at ?? 0)).toBeLessThan(10_000);
    expect(auth.activity.pending("session", credentialId ?? 0)).toBeUndefined();
  });

  it("sees at once that an account is suspended, a login disabled, a session deleted", async () => {
    const secret = await auth.login("john");
    await auth.who(secret);
    auth.setAccounts({ tables: ["accounts"], find: async () => ({ accountId: 5, suspended: true }) });
    expect(await auth.who(secret)).toMatchObject({ suspended: true });
    await auth.storage.change((change) => auth.users.update(change.intents, user, { status: "disabled" }));
    await dead(secret);
    await auth.storage.change((change) => auth.users.update(change.intents, user, { status: "active" }));
    const { credentialId } = await auth.who(secret);
    await auth.storage.change((change) => change.intents.delete("sessions", credentialId ?? 0));
    await dead(secret);
  });

  it("empties the cache when the tables of the account source are written", async () => {
    let suspended = false;
    auth.setAccounts({ tables: ["login_failures"], find: async () => ({ accountId: 5, suspended }) });
    const secret = await auth.login("john");
    expect(await auth.who(secret)).toMatchObject({ suspended: false });
    suspended = true;
    await auth.storage.change(async (change) => void change.tables.add("unrelated"));
    expect(await auth.who(secret)).toMatchObject({ suspended: false });
    await auth.storage.change(async (change) => void change.tables.add("login_failures"));
    expect(await auth.who(secret)).toMatchObject({ suspended: true });
  });

  it("lets nobody change anything while nothing can tell whether the account is suspended", async () => {
    auth.setAccounts(undefined);
    expect(await auth.who(await auth.login("john"))).toMatchObject({ accountId: null, suspended: true });
  });

  it("keeps no answer that was read while the session was being revoked", async () => {
    const secret = await auth.login("john");
    // The lookup begins before the commit and reads the old state inside of it.
    await auth.storage.change(async (change) => {
      await auth.users.revoke(change.db, user);
      expect(await auth.who(secret)).toMatchObject({ userId: user });
    });
    await dead(secret);
  });

  it("keeps answers again after a revocation", async () => {
    await auth.storage.change((change) => auth.users.revoke(change.db, user));
    const secret = await auth.login("root");
    await auth.who(secret);
    await auth.activity.flush();
    await auth.who(secret);
    const again = auth.authenticator.authenticate({ cookieHeader: `ncpx_session=${secret}`, ip: "::1", userAgent: "" });
    expect(again).not.toBeInstanceOf(Promise);
  });

  it("does not give a deleted login's session to the next login", async () => {
    const gone = await auth.addUser("gone", "user");
    const secret = await auth.login("gone");
    await auth.who(secret);
    await auth.storage.change((change) => auth.users.delete(change.intents, gone));
    await dead(secret);
    expect(await auth.addUser("next", "user")).toBeGreaterThan(gone);
    await dead(secret);
  });

  it("stores no secret of a session or token", async () => {
    const secret = await auth.login("root");
    const { data } = await auth.call("tokens.create", { name: "t" }, secret);
    const rows = JSON.stringify(await auth.storage.read.all("SELECT * FROM sessions, api_tokens"));
    expect(rows).not.toContain(secret);
    expect(rows).not.toContain(String(data.token).slice(3));
    expect(await auth.who(String(data.token))).toMatchObject({ userId: admin, via: "token", scopes: null });
  });
});
