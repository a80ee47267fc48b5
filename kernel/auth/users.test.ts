import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureFirstAdmin } from "./first-admin.ts";
import { openTestAuth, type TestAuth } from "./test-auth.ts";

let auth: TestAuth;
beforeAll(async () => {
  auth = await openTestAuth();
});
afterAll(() => auth.stop());

const create = (username: string, email: string) =>
  auth.storage.change((change) =>
    auth.users.create(change.intents, { username, email, role: "user", passwordHash: "x" }),
  );

describe("UserStore", () => {
  it("gives a name and an address away once, in any case, also at the same time", async () => {
    const { id } = await create("Anna", "Anna@Example.test");
    expect(await auth.users.get(auth.storage.read, id)).toEqual({
      id,
      username: "anna",
      email: "anna@example.test",
      role: "user",
      status: "active",
    });
    await expect(create("ANNA", "b@example.test")).rejects.toMatchObject({ code: "USERNAME_TAKEN", status: 409 });
    await expect(create("bert", "ANNA@example.test")).rejects.toMatchObject({ code: "EMAIL_TAKEN", status: 409 });
    const tries = await Promise.allSettled([1, 2, 3].map((n) => create("carl", `c${n}@example.test`)));
    expect(tries.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });

  it("updates, lists by role and deletes", async () => {
    const { id } = await create("dora", "dora@example.test");
    const update = (patch: object) => auth.storage.change((change) => auth.users.update(change.intents, id, patch));
    await update({ email: "New@example.test", status: "disabled" });
    expect(await auth.users.get(auth.storage.read, id)).toMatchObject({
      email: "new@example.test",
      status: "disabled",
    });
    await expect(update({ email: "anna@example.test" })).rejects.toMatchObject({ code: "EMAIL_TAKEN" });
    expect((await auth.users.list(auth.storage.read, "user")).map((user) => user.username)).toContain("dora");
    await auth.storage.change((change) => auth.users.delete(change.intents, id));
    expect(await auth.users.get(auth.storage.read, id)).toBeUndefined();
  });
});

describe("ensureFirstAdmin", () => {
  it("makes one admin, once", async () => {
    const ensure = (password: string) => ensureFirstAdmin(auth.storage, auth.users, auth.passwords, { password });
    expect(await ensure("first password")).toBe(true);
    expect(await ensure("second password")).toBe(false);
    expect(await auth.users.list(auth.storage.read, "admin")).toMatchObject([{ username: "admin", role: "admin" }]);
    expect(await auth.login("admin", { password: "first password" })).toBeTruthy();
  });
});
