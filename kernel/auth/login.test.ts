import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openTestAuth, type TestAuth, testPassword } from "./test-auth.ts";
import { withFactor } from "./test-steps.ts";

const minute = 60_000;
const hour = 60 * minute;
let auth: TestAuth;
let number = 0;

beforeAll(async () => {
  auth = await openTestAuth();
});
afterAll(() => auth.stop());
// Another address for each test, so that no test is locked out by another.
let ip = "";
beforeEach(() => {
  number += 1;
  ip = `198.51.100.${number}`;
  auth.clock.advance(hour);
});

const attempt = (username: string, extra: Record<string, unknown> = {}, from = ip) =>
  auth.call("auth.login", { username, password: testPassword, ...extra }, undefined, from);
const fails = (username: string, extra: Record<string, unknown> = {}, from = ip) =>
  attempt(username, extra, from).then(
    () => undefined,
    (error) => error,
  );

/** Runs `work` while no change can begin; what it started goes on, in order, when it has got that far. */
let waiting: () => number = () => 0;
async function behind<T>(work: () => Promise<T>): Promise<T> {
  let release: () => void = () => undefined;
  const held = auth.storage.change(
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  const change = vi.spyOn(auth.storage, "change");
  waiting = () => change.mock.calls.length;
  const result = work();
  await expect.poll(() => waiting(), { timeout: 10_000 }).toBe(12);
  release();
  await held;
  change.mockRestore();
  return result;
}

describe("auth.login", () => {
  it("opens a session by user name or e-mail address, in any case", async () => {
    const id = await auth.addUser("anna", "admin");
    const { data, cookie } = await attempt("ANNA");
    expect(data).toEqual({ user: { id, username: "anna", role: "admin" }, portal_url: "https://panel.test/admin" });
    expect(cookie?.value).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(cookie?.maxAgeSeconds).toBe(12 * 3600);
    expect((await attempt("Anna@Example.test")).data).toEqual(data);
  });

  it("gives a new session and ends the one that came with the request", async () => {
    await auth.addUser("bert", "user");
    const first = await auth.login("bert", {}, ip);
    const input = { username: "bert", password: testPassword };
    const second = (await auth.call("auth.login", input, first, ip)).cookie?.value ?? "";
    expect(second).not.toBe(first);
    await expect(auth.who(first)).rejects.toMatchObject({ status: 401 });
    expect(await auth.who(second)).toMatchObject({ username: "bert" });
  });

  it("answers an unknown user, a wrong password and a disabled login alike, after the same work", async () => {
    await auth.addUser("carl", "user");
    const off = await auth.addUser("dora", "user");
    await auth.storage.change((change) => auth.users.update(change.intents, off, { status: "disabled" }));
    const verify = vi.spyOn(auth.passwords, "verify");
    const change = vi.spyOn(auth.storage, "change");
    const seen: unknown[] = [];
    for (const [name, password] of [
      ["nobody", testPassword],
      ["carl", "wrong"],
      ["dora", testPassword],
    ]) {
      verify.mockClear();
      change.mockClear();
      const error = await fails(name as string, { password });
      seen.push([
        error.code,
        error.status,
        error.message,
        error.details,
        verify.mock.calls.length,
        change.mock.calls.length,
      ]);
    }
    expect(seen[0]).toEqual(["INVALID_CREDENTIALS", 401, expect.any(String), {}, 1, 1]);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    vi.restoreAllMocks();
    for (let i = 0; i < 4; i += 1) await fails("dora");
    expect(await fails("dora")).toMatchObject({ code: "LOGIN_LOCKED" });
  });

  it("is void when the password changed while it was being checked", async () => {
    const id = await auth.addUser("emil", "user");
    const verify = auth.passwords.verify.bind(auth.passwords);
    vi.spyOn(auth.passwords, "verify").mockImplementation(async (hash, password) => {
      const result = await verify(hash, password);
      await auth.storage.change((change) => auth.users.update(change.intents, id, { passwordHash: "another" }));
      return result;
    });
    expect(await fails("emil")).toMatchObject({ code: "INVALID_CREDENTIALS" });
    vi.restoreAllMocks();
  });
});

describe("lockout", () => {
  it("locks a pair of name and address after five failures, and nobody else", async () => {
    await auth.addUser("frank", "user");
    for (let i = 0; i < 5; i += 1) expect(await fails("frank", { password: "no" })).toMatchObject({ status: 401 });
    expect(await fails("FRANK")).toMatchObject({
      code: "LOGIN_LOCKED",
      status: 429,
      retryAfterSeconds: 30,
      retry: "later",
    });
    expect((await attempt("frank", {}, "203.0.113.77")).cookie).toBeTruthy();
    await auth.addUser("other", "user");
    expect((await attempt("other")).cookie).toBeTruthy();
    auth.clock.advance(30_000);
    expect((await attempt("frank")).cookie).toBeTruthy();
  });

  it("locks an unknown name just the same", async () => {
    for (let i = 0; i < 5; i += 1) await fails("ghost", { password: "no" });
    expect(await fails("ghost", { password: "no" })).toMatchObject({ code: "LOGIN_LOCKED", retryAfterSeconds: 30 });
  });

  it("doubles the delay up to an hour, and forgets after 15 quiet minutes", async () => {
    for (let i = 0; i < 4; i += 1) await fails("gina", { password: "no" });
    const delays: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      await fails("gina", { password: "no" });
      const { retryAfterSeconds } = await fails("gina", { password: "no" });
      delays.push(retryAfterSeconds);
      auth.clock.advance(retryAfterSeconds * 1000);
    }
    expect(delays).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    auth.clock.advance(15 * minute + 1);
    expect(await fails("gina", { password: "no" })).toMatchObject({ status: 401 });
    expect(await fails("gina", { password: "no" })).toMatchObject({ status: 401 });
  });

  it("counts within 15 minutes only, and from zero after a success", async () => {
    await auth.addUser("hugo", "user");
    for (let i = 0; i < 4; i += 1) await fails("hugo", { password: "no" });
    auth.clock.advance(15 * minute + 1);
    for (let i = 0; i < 4; i += 1) expect(await fails("hugo", { password: "no" })).toMatchObject({ status: 401 });
    expect((await attempt("hugo")).cookie).toBeTruthy();
    for (let i = 0; i < 4; i += 1) expect(await fails("hugo", { password: "no" })).toMatchObject({ status: 401 });
    expect((await attempt("hugo")).cookie).toBeTruthy();
  });

  it("holds for guesses sent at the same time", async () => {
    await auth.addUser("ines", "user");
    const guesses = await Promise.all(Array.from({ length: 12 }, () => fails("ines", { password: "no" })));
    expect(guesses.filter((error) => error.status === 401)).toHaveLength(5);
    expect(guesses.filter((error) => error.status === 429)).toHaveLength(7);
    expect(await fails("ines")).toMatchObject({ status: 429 });
  });

  it("refuses the right guess when five wrong ones were checked before it", async () => {
    await auth.addUser("iris", "user");
    const { code } = await withFactor(auth, "ivan");
    const wrong: Promise<unknown>[] = [];
    const late = await behind(async () => {
      for (let i = 0; i < 5; i += 1) wrong.push(fails("iris", { password: "no" }));
      for (let i = 0; i < 5; i += 1) wrong.push(fails("ivan", { two_factor_code: "abcde-abcde" }, `203.0.113.${i}`));
      // Each of them has been judged and waits for its turn to be counted.
      await expect.poll(() => waiting()).toBe(10);
      return Promise.all([fails("iris"), fails("ivan", { two_factor_code: code() })]);
    });
    await Promise.all(wrong);
    expect(late[0]).toMatchObject({ code: "LOGIN_LOCKED" });
    expect(late[1]).toMatchObject({ code: "LOGIN_LOCKED" });
  });

  it("does not tell that a password is right while the pair is locked", async () => {
    await withFactor(auth, "igor");
    const verify = auth.passwords.verify.bind(auth.passwords);
    const spy = vi.spyOn(auth.passwords, "verify").mockImplementationOnce(async (hash, password) => {
      for (let i = 0; i < 5; i += 1) await fails("igor", { password: "no" });
      return verify(hash, password);
    });
    expect(await fails("igor")).toMatchObject({ code: "LOGIN_LOCKED" });
    spy.mockRestore();
  });

  it("does not refuse the right password sent many times at once", async () => {
    await auth.addUser("jana", "user");
    const all = await Promise.all(Array.from({ length: 12 }, () => attempt("jana")));
    expect(new Set(all.map((answer) => answer.cookie?.value)).size).toBe(12);
  });

  it("stores neither names nor addresses", async () => {
    await fails("my secret typed into the wrong field", { password: "no" });
    const rows = JSON.stringify(await auth.storage.read.all("SELECT * FROM login_failures"));
    expect(rows).not.toMatch(/secret/);
    expect(rows).not.toContain(ip);
  });
});
