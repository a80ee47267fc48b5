import { afterEach, describe, expect, it } from "vitest";
import { findUser } from "./identity.ts";
import { ensureOsUser, matchesOsUser, removeOsUser } from "./os-users.ts";

// A name and a uid that no machine has by chance: these are the machine's real users.
const uid = 58_000 + Math.floor(Math.random() * 900);
const user = { username: `pbtest${uid}`, uid, home: `/nonexistent/pbtest${uid}`, suspended: false };

describe("users of the machine", () => {
  afterEach(() => removeOsUser(user));

  it("are created, suspended, woken and removed, each step repeatable", async () => {
    for (const suspended of [false, false, true, true, false]) {
      await ensureOsUser({ ...user, suspended });
      expect(matchesOsUser({ ...user, suspended })).toBe(true);
      expect(matchesOsUser({ ...user, suspended: !suspended })).toBe(false);
    }
    expect(findUser(user.username)).toMatchObject({ uid, home: user.home });
    await removeOsUser(user);
    await removeOsUser(user);
    expect(findUser(user.username)).toBeUndefined();
  });

  it("of somebody else are refused", async () => {
    const theirs = { ...user, username: "www-data" };
    await expect(ensureOsUser(theirs)).rejects.toMatchObject({ kind: "conflict" });
    await expect(removeOsUser(theirs)).rejects.toMatchObject({ kind: "conflict" });
  });
});
