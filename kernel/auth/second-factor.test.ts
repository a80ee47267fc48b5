import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestAuth, type TestAuth, testPassword } from "./test-auth.ts";
import { withFactor } from "./test-steps.ts";

const hour = 60 * 60_000;
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

describe("second factor", () => {
  it("is asked for after a correct password only", async () => {
    const { code } = await withFactor(auth, "karl");
    expect(await fails("karl")).toMatchObject({
      code: "TWO_FACTOR_REQUIRED",
      status: 401,
      details: { twofa_required: true },
    });
    expect(await fails("karl", { two_factor_code: null })).toMatchObject({ code: "TWO_FACTOR_REQUIRED" });
    expect(await fails("karl", { two_factor_code: "" })).toMatchObject({ code: "TWO_FACTOR_REQUIRED" });
    const wrong = await fails("karl", { password: "no", two_factor_code: code() });
    expect(wrong).toMatchObject({ code: "INVALID_CREDENTIALS", details: {} });
    expect((await attempt("karl", { two_factor_code: code() })).cookie).toBeTruthy();
  });

  it("accepts one step either way, each step once", async () => {
    const { code } = await withFactor(auth, "lena");
    expect(await fails("lena", { two_factor_code: code(-2) })).toMatchObject({ status: 401 });
    expect((await attempt("lena", { two_factor_code: code(-1) })).cookie).toBeTruthy();
    expect(await fails("lena", { two_factor_code: code(-1) })).toMatchObject({ status: 401 });
    expect((await attempt("lena", { two_factor_code: code(1) })).cookie).toBeTruthy();
    // A later step was used: an earlier one is over.
    expect(await fails("lena", { two_factor_code: code() })).toMatchObject({ status: 401 });
    // A code that was used counts as a wrong one.
    for (let i = 0; i < 4; i += 1) await fails("lena", { two_factor_code: code(1) });
    expect(await fails("lena", { two_factor_code: code(1) })).toMatchObject({ code: "LOGIN_LOCKED" });
  });

  it("lets one time code through once out of 30 at the same time", async () => {
    const { code } = await withFactor(auth, "mira");
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, () => attempt("mira", { two_factor_code: code() })),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });

  it("lets one backup code through once out of 30 at the same time", async () => {
    const { backup } = await withFactor(auth, "nora");
    expect(new Set(backup).size).toBe(10);
    const used = backup[3] as string;
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, () => attempt("nora", { two_factor_code: used })),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    auth.clock.advance(2 * hour);
    expect(await fails("nora", { two_factor_code: used })).toMatchObject({ status: 401 });
    const relaxed = (backup[4] as string).replace("-", "").toLowerCase();
    expect((await attempt("nora", { two_factor_code: relaxed })).cookie).toBeTruthy();
  });

  it("does not take what is no code, and locks after five from anywhere", async () => {
    const { code } = await withFactor(auth, "olga");
    const bad = ["1", "12345", "1234567", "9".repeat(10_000), " 123456"];
    for (const [i, two_factor_code] of bad.entries()) {
      expect(await fails("olga", { two_factor_code }, `203.0.113.${i}`)).toMatchObject({ code: "INVALID_CREDENTIALS" });
    }
    expect(await fails("olga", { two_factor_code: code() }, "203.0.113.99")).toMatchObject({ code: "LOGIN_LOCKED" });
    // Who does not know the password learns nothing of it.
    expect(await fails("olga", { password: "no", two_factor_code: code() })).toMatchObject({
      code: "INVALID_CREDENTIALS",
    });
  });

  it("does not count before it is enabled, and cannot be set up anew while it is on", async () => {
    await auth.addUser("paul", "reseller");
    const secret = await auth.login("paul", {}, ip);
    await expect(auth.call("auth.totp-enable", { code: "123456" }, secret)).rejects.toMatchObject({
      code: "TWO_FACTOR_NOT_SET_UP",
    });
    const { data } = await auth.call("auth.totp-setup", {}, secret);
    expect(data.otpauth_url).toMatch(
      /^otpauth:\/\/totp\/Patchbay:paul\?issuer=Patchbay&secret=[A-Z2-7]{32}&algorithm=SHA1&digits=6&period=30$/,
    );
    await expect(auth.call("auth.totp-enable", { code: "000000" }, secret)).rejects.toMatchObject({
      code: "WRONG_CODE",
    });
    expect((await attempt("paul")).cookie).toBeTruthy();
    const { secret: other } = await withFactor(auth, "quin");
    await expect(auth.call("auth.totp-setup", {}, other)).rejects.toMatchObject({ code: "TWO_FACTOR_ENABLED" });
  });

  it("is turned off with the password; codes are replaced with it", async () => {
    const { secret, backup } = await withFactor(auth, "rosa");
    const wrong = { password: "no" };
    await expect(auth.call("auth.backup-codes", wrong, secret)).rejects.toMatchObject({
      code: "WRONG_PASSWORD",
      status: 403,
    });
    const fresh = (await auth.call("auth.backup-codes", { password: testPassword }, secret)).data
      .backup_codes as string[];
    expect(fresh.some((code) => backup.includes(code))).toBe(false);
    expect(await fails("rosa", { two_factor_code: backup[0] })).toMatchObject({ status: 401 });
    await expect(auth.call("auth.totp-disable", wrong, secret)).rejects.toMatchObject({ code: "WRONG_PASSWORD" });
    await auth.call("auth.totp-disable", { password: testPassword }, secret);
    expect((await attempt("rosa")).cookie).toBeTruthy();
  });

  it("stores neither seed nor codes in the clear", async () => {
    const { setup, backup } = await withFactor(auth, "saul");
    const rows = JSON.stringify(await auth.storage.read.all("SELECT * FROM users"));
    expect(rows).not.toContain(String(setup.data.secret));
    for (const code of backup) expect(rows).not.toContain(code.slice(0, 5));
  });
});
