import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminPassword, TestInstance } from "../harness/instance.ts";

describe("requests a minute from one address", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await TestInstance.start({ flags: ["--rate-standard", "120", "--rate-login", "10"] });
  });
  afterAll(() => instance?.destroy());

  it("are 10 for logins: the eleventh is refused, also with the right password", async () => {
    const client = instance.client();
    for (let at = 1; at <= 10; at += 1) {
      const answer = await client.login("nobody", `wrong password ${at}`);
      expect(answer.headers["x-ratelimit-limit"]).toBe("10");
      expect(answer.headers["x-ratelimit-remaining"]).toBe(String(10 - at));
      expect(Number(answer.headers["x-ratelimit-reset"])).toBeLessThanOrEqual(60);
    }
    const eleventh = await client.login("admin", adminPassword);
    expect(eleventh).toMatchObject({ status: 429, body: { success: false, code: "RATE_LIMITED", errors: [] } });
    expect(Number(eleventh.headers["retry-after"])).toBeGreaterThan(0);
    expect(Number(eleventh.headers["retry-after"])).toBeLessThanOrEqual(60);
    expect(client.cookie).toBeUndefined();
  });

  it("are 120 for everything else, counted on their own; a forwarded address changes nothing", async () => {
    const client = instance.client();
    const seen: number[] = [];
    for (let at = 1; at <= 121; at += 1) {
      const headers = { "x-forwarded-for": `192.0.2.${at}`, "x-real-ip": `192.0.2.${at}` };
      const answer = await client.call("GET", "system/version", { headers });
      seen.push(answer.status);
      if (at === 1) expect(answer.headers["x-ratelimit-limit"]).toBe("120");
      if (at === 121) expect(answer.headers["retry-after"]).toBeDefined();
    }
    expect(seen.slice(0, 120).every((status) => status === 200)).toBe(true);
    expect(seen[120]).toBe(429);
  });
});
