import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { Authority } from "./testing/authority.ts";
import { createPanel, type Panel } from "./testing/panel.ts";

const day = 24 * 60 * 60_000;
let openssl: Authority;
let panel: Panel;
let expiresAt: number;

beforeAll(() => {
  openssl = new Authority();
});
afterAll(() => openssl.remove());
beforeEach(async () => {
  panel = await createPanel();
  const john = await panel.addAccount("john");
  for (const name of ["shop.test", "own.test"]) {
    await panel.change((change) => panel.certificates.ensure(change, john, [name]));
  }
  await upload();
  const row = await panel.db("certificates").where({ domain: "shop.test" }).first();
  expiresAt = row.expires_at;
});
afterEach(() => panel.close());

async function upload(): Promise<void> {
  const { certificate, key } = openssl.make("shop.test", { names: ["shop.test"] });
  await panel.call("ssl.upload", { account_id: 1, domain: "shop.test", certificate, private_key: key });
  panel.emitted.length = 0;
}

/** What is told when so many days are left. */
async function mornings(...daysLeft: readonly number[]): Promise<unknown[]> {
  for (const days of daysLeft) {
    panel.now = expiresAt - days * day - 1000;
    await panel.runSchedule("certificates.expiring");
  }
  return panel.emitted.splice(0).map(({ id, payload }) => [id, (payload as { daysLeft: number }).daysLeft]);
}

it("is told once at each notice, and never of a self-signed one", async () => {
  expect(await mornings(40, 31)).toEqual([]);
  const all = await mornings(30, 30, 29, 20, 14, 10, 7, 5, 3, 2, 1, 0.5, -1, -20);
  expect(all).toEqual([30, 14, 7, 3, 1, 0].map((days) => ["certificates.expiring", days]));
});

it("is told at once, and once, when the panel was away at a notice", async () => {
  expect(await mornings(5, 4)).toEqual([["certificates.expiring", 5]]);
  expect(await mornings(3)).toEqual([["certificates.expiring", 3]]);
});

it("is told anew of the certificate that took its place", async () => {
  expect(await mornings(14)).toHaveLength(1);
  panel.now = Date.now();
  await upload();
  expiresAt = (await panel.db("certificates").where({ domain: "shop.test" }).first()).expires_at;
  expect(await mornings(14, 13)).toEqual([["certificates.expiring", 14]]);
});
