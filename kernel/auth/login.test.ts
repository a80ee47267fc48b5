import { Secret, TOTP } from "otpauth";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openTestAuth, type TestAuth, testPassword } from "./test-auth.ts";

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

/** Turns the second factor of a fresh user on. */
async function withFactor(name: string) {
  await auth.addUser(name, "reseller");
  const secret = await auth.login(name, {}, ip);
  const setup = await auth.call("auth.totp-setup", {}, secret);
  const totp = new TOTP({ secret: Secret.fromBase32(String(setup.data.secret)) });
  const code = (offset = 0) => totp.generate({ timestamp: auth.clock.now() + offset * 30_000 });
  const enabled = await auth.call("auth.totp-enable", { code: code() }, secret);
  auth.clock.advance(10 * minute);
  return { secret, code, setup, backup: enabled.data.backup_codes as string[] };
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
    for (const [name, password] of [["nobody", testPassword], ["carl", "wrong"], ["dora", testPassword]]) {
      verify.mockClear();
      change.mockClear();
      const error = await fails(name as string, { password });
      seen.push([error.code, error.status, error.message, error.details, verify.mock.calls.length, change.mock.calls.length]);
    }
    expect(seen[0]).toEqual(["INVALID_CREDENTIALS", 401, expect.any(String), {}, 1, 1]);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    vi.restoreAllMocks();
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
    expect(await fails("FRANK")).toMatchObject({ code: "LOGIN_LOCKED", status: 429, retryAfterSeconds: 30, retry: "later" });
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

describe("second factor", () => {
  it("is asked for after a correct password only", async () => {
    const { code } = await withFactor("karl");
    expect(await fails("karl")).toMatchObject({ code: "TWO_FACTOR_REQUIRED", status: 401, details: { twofa_required: true } });
    expect(await fails("karl", { two_factor_code: null })).toMatchObject({ code: "TWO_FACTOR_REQUIRED" });
    expect(await fails("karl", { two_factor_code: "" })).toMatchObject({ code: "TWO_FACTOR_REQUIRED" });
    const wrong = await fails("karl", { password: "no", two_factor_code: code() });
    expect(wrong).toMatchObject({ code: "INVALID_CREDENTIALS", details: {} });
    expect((await attempt("karl", { two_factor_code: code() })).cookie).toBeTruthy();
  });

  it("accepts one step either way, each step once", async () => {
    const { code } = await withFactor("lena");
    expect(await fails("lena", { two_factor_code: code(-2) })).toMatchObject({ status: 401 });
    expect((await attempt("lena", { two_factor_code: code(-1) })).cookie).toBeTruthy();
    expect(await fails("lena", { two_factor_code: code(-1) })).toMatchObject({ status: 401 });
    expect((await attempt("lena", { two_factor_code: code(1) })).cookie).toBeTruthy();
    // A later step was used: an earlier one is over.
    expect(await fails("lena", { two_factor_code: code() })).toMatchObject({ status: 401 });
  });

  it("lets one time code through once out of 30 at the same time", async () => {
    const { code } = await withFactor("mira");
    const results = await Promise.allSettled(Array.from({ length: 30 }, () => attempt("mira", { two_factor_code: code() })));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });

  it("lets one backup code through once out of 30 at the same time", async () => {
    const { backup } = await withFactor("nora");
    expect(new Set(backup).size).toBe(10);
    const used = backup[3] as string;
    const results = await Promise.allSettled(Array.from({ length: 30 }, () => attempt("nora", { two_factor_code: used })));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    auth.clock.advance(2 * hour);
    expect(await fails("nora", { two_factor_code: used })).toMatchObject({ status: 401 });
    const relaxed = (backup[4] as string).replace("-", "").toLowerCase();
    expect((await attempt("nora", { two_factor_code: relaxed })).cookie).toBeTruthy();
  });

  it("does not take what is no code, and locks after five from anywhere", async () => {
    const { code } = await withFactor("olga");
    const bad = ["1", "12345", "1234567", "9".repeat(10_000), " 123456"];
    for (const [i, two_factor_code] of bad.entries()) {
      expect(await fails("olga", { two_factor_code }, `203.0.113.${i}`)).toMatchObject({ code: "INVALID_CREDENTIALS" });
    }
    expect(await fails("olga", { two_factor_code: code() }, "203.0.113.99")).toMatchObject({ code: "LOGIN_LOCKED" });
    // Who does not know the password learns nothing of it.
    expect(await fails("olga", { password: "no", two_factor_code: code() })).toMatchObject({ code: "INVALID_CREDENTIALS" });
  });

  it("does not count before it is enabled, and cannot be set up anew while it is on", async () => {
    await auth.addUser("paul", "reseller");
    const secret = await auth.login("paul", {}, ip);
    await expect(auth.call("auth.totp-enable", { code: "123456" }, secret)).rejects.toMatchObject({ code: "TWO_FACTOR_NOT_SET_UP" });
    const { data } = await auth.call("auth.totp-setup", {}, secret);
    expect(data.otpauth_url).toMatch(/^otpauth:\/\/totp\/Patchbay:paul\?issuer=Patchbay&secret=[A-Z2-7]{32}&algorithm=SHA1&digits=6&period=30$/);
    await expect(auth.call("auth.totp-enable", { code: "000000" }, secret)).rejects.toMatchObject({ code: "WRONG_CODE" });
    expect((await attempt("paul")).cookie).toBeTruthy();
    const { secret: other } = await withFactor("quin");
    await expect(auth.call("auth.totp-setup", {}, other)).rejects.toMatchObject({ code: "TWO_FACTOR_ENABLED" });
  });

  it("is turned off with the password; codes are replaced with it", async () => {
    const { secret, backup } = await withFactor("rosa");
    const wrong = { password: "no" };
    await expect(auth.call("auth.backup-codes", wrong, secret)).rejects.toMatchObject({ code: "WRONG_PASSWORD", status: 403 });
    const fresh = (await auth.call("auth.backup-codes", { password: testPassword }, secret)).data.backup_codes as string[];
    expect(fresh.some((code) => backup.includes(code))).toBe(false);
    expect(await fails("rosa", { two_factor_code: backup[0] })).toMatchObject({ status: 401 });
    await expect(auth.call("auth.totp-disable", wrong, secret)).rejects.toMatchObject({ code: "WRONG_PASSWORD" });
    await auth.call("auth.totp-disable", { password: testPassword }, secret);
    expect((await attempt("rosa")).cookie).toBeTruthy();
  });

  it("stores neither seed nor codes in the clear", async () => {
    const { setup, backup } = await withFactor("saul");
    const rows = JSON.stringify(await auth.storage.read.all("SELECT * FROM users"));
    expect(rows).not.toContain(String(setup.data.secret));
    for (const code of backup) expect(rows).not.toContain(code.slice(0, 5));
  });
});
