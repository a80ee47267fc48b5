import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPanelError, type LimitSource, type Meter, type Read } from "@patchbay/sdk";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIds } from "../storage/ids.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import { createQuotas } from "./quotas.ts";

const clock = { now: () => Date.now() };
let dir: string;
let storage: Storage;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-quotas-"));
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  await storage.migrate("test", [
    {
      id: "001",
      up: (db) => db.schema.createTable("things", (t) => void [t.increments("id"), t.integer("account_id")]),
    },
  ]);
});

afterEach(async () => {
  await storage.close();
  rmSync(dir, { recursive: true });
});

const things: Meter = {
  id: "domains",
  count: async (read: Read, accountId) =>
    (await read.get<{ n: number }>("SELECT count(*) AS n FROM things WHERE account_id = ?", [accountId]))?.n ?? 0,
};
const quotasWith = (limit: LimitSource["limit"] | undefined) =>
  createQuotas({ meters: () => new Map([["domains", things]]), limits: () => (limit ? { limit } : undefined) });

describe("a claim", () => {
  it("holds under concurrency: of 50 parallel changes exactly as many win as fit", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 3 }), async (limit, amount) => {
        await storage.change(({ db }) => db("things").delete());
        const quotas = quotasWith(async () => limit);
        const create = () =>
          storage.change(async (change) => {
            await quotas.claim(change.read, [{ meter: "domains", accountId: 1, amount }]);
            for (let i = 0; i < amount; i++) await change.db("things").insert({ account_id: 1 });
          });
        const results = await Promise.allSettled(Array.from({ length: 50 }, create));
        const lost = results.filter((result) => result.status === "rejected");
        expect(results.length - lost.length).toBe(Math.min(50, Math.floor(limit / amount)));
        expect(lost.every((result) => isPanelError(result.reason) && result.reason.code === "QUOTA_EXCEEDED")).toBe(
          true,
        );
      }),
      { numRuns: 12 },
    );
  });

  it("names the meter and the limit", async () => {
    const claim = quotasWith(async () => 0).claim(storage.read, [{ meter: "domains", accountId: 1, amount: 1 }]);
    await expect(claim).rejects.toMatchObject({
      status: 403,
      message: "package limit domains reached",
      details: { meter: "domains", used: 0, limit: 0 },
    });
  });

  it("adds claims of one change up, per account", async () => {
    const quotas = quotasWith(async () => 1);
    const one = { meter: "domains", accountId: 1, amount: 1 };
    await expect(quotas.claim(storage.read, [one, { ...one, accountId: 2 }])).resolves.toBeUndefined();
    await expect(quotas.claim(storage.read, [one, one])).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
    await expect(quotas.claim(storage.read, [one, { ...one, amount: -1 }])).rejects.toThrow("negative");
  });

  it("refuses what it cannot measure", async () => {
    const claims = [{ meter: "domains", accountId: 1, amount: 1 }];
    await expect(quotasWith(async () => Number.NaN).claim(storage.read, claims)).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
    });
    const unknown = quotasWith(undefined).claim(storage.read, [{ meter: "ghosts", accountId: 1, amount: 1 }]);
    await expect(unknown).rejects.toThrow("ghosts");
    await expect(unknown.catch(isPanelError)).resolves.toBe(false);
  });

  it("passes without a limit", async () => {
    const claims = [{ meter: "domains", accountId: 1, amount: 1000 }];
    await quotasWith(undefined).claim(storage.read, claims);
    await quotasWith(async () => null).claim(storage.read, claims);
  });
});

it("tells usage, 0 for a meter nobody declares", async () => {
  await storage.change(({ db }) => db("things").insert({ account_id: 1 }));
  const quotas = quotasWith(async (_, __, meter) => (meter === "domains" ? 5 : null));
  expect(await quotas.usage(storage.read, 1, "domains")).toEqual({ used: 1, limit: 5 });
  expect(await quotas.usage(storage.read, 2, "domains")).toEqual({ used: 0, limit: 5 });
  expect(await quotas.usage(storage.read, 1, "ghosts")).toEqual({ used: 0, limit: null });
});
