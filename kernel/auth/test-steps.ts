import { Secret, TOTP } from "otpauth";
import { expect } from "vitest";
import type { TestAuth } from "./test-auth.ts";

/** Makes sure that each of these is answered from the cache, so that a revocation has something to empty. */
export async function cached(auth: TestAuth, ...secrets: string[]): Promise<void> {
  // A commit that names its tables ends the caution of an earlier revocation.
  await auth.storage.change(async (change) => void change.tables.add("unrelated"));
  for (const secret of secrets) {
    await auth.who(secret);
    const [cookieHeader, authorization] = secret.startsWith("pb_")
      ? [undefined, `Bearer ${secret}`]
      : [`ncpx_session=${secret}`, undefined];
    const known = auth.authenticator.authenticate({ cookieHeader, authorization, ip: "::1", userAgent: "" });
    expect(known).not.toBeInstanceOf(Promise);
  }
}

/** Adds a reseller and turns the second factor on. `code(1)` is the code of the next step. */
export async function withFactor(auth: TestAuth, name: string) {
  await auth.addUser(name, "reseller");
  const secret = await auth.login(name);
  const setup = await auth.call("auth.totp-setup", {}, secret);
  const totp = new TOTP({ secret: Secret.fromBase32(String(setup.data.secret)) });
  const code = (offset = 0) => totp.generate({ timestamp: auth.clock.now() + offset * 30_000 });
  const enabled = await auth.call("auth.totp-enable", { code: code() }, secret);
  auth.clock.advance(10 * 60_000);
  return { secret, code, setup, backup: enabled.data.backup_codes as string[] };
}
