import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestAuth, type TestAuth } from "./test-auth.ts";
import { cached } from "./test-steps.ts";

let auth: TestAuth;
let admin: string;
let userId: number;

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
});

const dead = (secret: string) => expect(auth.who(secret)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });

describe("tokens", () => {
  const create = async (input: object, by: string) =>
    (await auth.call("tokens.create", { name: "ci", ...input }, by)).data;

  it("shows the secret once and keeps to its scopes", async () => {
    const made = await create({ scopes: ["tokens:read", "sessions:*"] }, admin);
    expect(made.token).toMatch(/^pb_[A-Za-z0-9_-]{43}$/);
    const token = String(made.token);
    expect(JSON.stringify((await auth.call("tokens.list", {}, token)).data)).not.toContain(token);
    expect((await auth.call("sessions.revoke-user", { user_id: userId }, token)).data).toEqual({ revoked: 0 });
    await expect(auth.call("auth.me", {}, token)).rejects.toMatchObject({ code: "SCOPE_REQUIRED", status: 403 });
    await expect(auth.call("tokens.create", { name: "x" }, token)).rejects.toMatchObject({ code: "SCOPE_REQUIRED" });
  });

  it("never makes a token that may do more than its maker", async () => {
    const narrow = String((await create({ scopes: ["tokens:*", "domains:read"] }, admin)).token);
    expect(await create({}, narrow)).toMatchObject({ scopes: ["domains:read", "tokens:*"] });
    expect(await create({ scopes: ["domains:read"] }, narrow)).toMatchObject({ scopes: ["domains:read"] });
    for (const scopes of [["*:*"], ["*:read"], ["domains:*"], ["domains:write"], ["domains:read", "mail:read"]]) {
      await expect(create({ scopes }, narrow)).rejects.toMatchObject({ code: "SCOPE_TOO_WIDE" });
    }
    for (const scopes of [[], ["domains"], ["domains:all"], [""], ["*"], ["domains:read:write"]]) {
      await expect(create({ scopes }, admin)).rejects.toThrow();
    }
  });

  it("ends when it expires, and none made by it lives longer", async () => {
    const until = new Date(auth.clock.now() + 60_000).toISOString().replace(/\.\d+Z$/, "Z");
    const short = String((await create({ expires_at: until }, admin)).token);
    expect((await create({}, short)).expires_at).toBe(until);
    expect((await create({ expires_at: "2099-01-01" }, short)).expires_at).toBe(until);
    await expect(create({ expires_at: "2001-01-01" }, admin)).rejects.toMatchObject({
      fields: [{ field: "expires_at" }],
    });
    await auth.who(short);
    auth.clock.advance(60_000);
    await dead(short);
  });

  it("is revoked at once, by its holder or an admin", async () => {
    const reseller = await auth.login("rita");
    const john = await auth.login("john");
    const made = await create({}, reseller);
    const token = String(made.token);
    await cached(auth, token);
    await expect(auth.call("tokens.revoke", { id: made.id }, john)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "token not found",
    });
    await expect(auth.call("tokens.revoke", { id: 999_999 }, john)).rejects.toMatchObject({
      message: "token not found",
    });
    await auth.call("tokens.revoke", { id: made.id }, admin);
    await dead(token);
    await auth.activity.flush();
  });

  it("notes when it was last used", async () => {
    const made = await create({}, admin);
    await auth.who(String(made.token));
    await auth.activity.flush();
    const rows = (await auth.call("tokens.list", {}, admin)).data as unknown as { id: number; last_used_at: string }[];
    expect(rows.find((row) => row.id === made.id)?.last_used_at).toMatch(/^\d{4}-/);
  });
});
