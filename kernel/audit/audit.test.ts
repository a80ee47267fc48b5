import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Db } from "@patchbay/sdk";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIds } from "../storage/ids.ts";
import { createSealer } from "../storage/sealer.ts";
import { createStorage } from "../storage/storage.ts";
import type { Storage } from "../storage/types.ts";
import type { AnchorStore } from "./anchor.ts";
import { type Audit, type AuditEntry, createAudit } from "./audit.ts";
import { auditMigrations } from "./migrations.ts";
import type { AuditRow } from "./record.ts";

const size = 40;
const sealer = createSealer(Buffer.alloc(32, 7));
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let dir: string;
let now: number;
let storage: Storage;
let anchored: string | undefined;
let writes: number;
let audit: Audit;

const store: AnchorStore = {
  read: async () => anchored,
  write: async (text) => {
    writes += 1;
    anchored = text;
  },
};
/** The panel after a restart: nothing but table and anchor is known. */
const restart = () => createAudit({ storage, sealer, clock, ids: createIds(clock), anchor: store, logger: silent });
const clock = { now: () => now };

const entry = (n: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  userId: n,
  username: `user${n}`,
  impersonator: n % 3 === 0 ? "root" : null,
  action: n % 2 === 0 ? "domains.add" : "domains.delete",
  resource: `domain:${n}`,
  outcome: "ok",
  detail: { n },
  ip: "127.0.0.1",
  userAgent: "test",
  ...more,
});

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-audit-"));
  now = 1_700_000_000_000;
  anchored = undefined;
  writes = 0;
  storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  await storage.migrate("audit", auditMigrations);
  audit = restart();
});

afterEach(async () => {
  await audit.stop();
  await storage.close();
  rmSync(dir, { recursive: true });
});

const fill = (count: number) =>
  storage.change(async (change) => {
    for (let n = 1; n <= count; n++) await audit.append(change, entry(n));
  });

const rowsOf = (db: Db) => db("audit_log").orderBy("id") as unknown as Promise<AuditRow[]>;

const rewrite = (edit: (rows: AuditRow[]) => AuditRow[]) =>
  storage.change(async ({ db }) => {
    const rows = edit(await rowsOf(db));
    await db("audit_log").delete();
    for (const row of rows) await db("audit_log").insert(row);
  });

describe("the chain", () => {
  it("is whole after honest use, across restarts, rollbacks and pages", async () => {
    await fill(1500);
    await expect(
      storage.change(async (change) => {
        await audit.append(change, entry(1));
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    await storage.change(async (change) => audit.append(change, entry(2)), { rollback: true });
    await audit.record(entry(3));
    await audit.stop();
    audit = restart();
    await audit.record(entry(4));
    await audit.stop();
    expect(await restart().verify()).toEqual({ ok: true, records: 1502 });
    expect(await audit.verify()).toEqual({ ok: true, records: 1502 });
  });

  it("holds for any text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary" }),
        fc.string({ maxLength: 900 }),
        fc.jsonValue(),
        async (a, b, json) => {
          const odd = `${a}\ud800\u0000\n[x] User 'admin'`;
          await audit.record(
            entry(1, { username: odd, userAgent: b + odd, resource: odd, detail: { [odd]: json, b } }),
          );
        },
      ),
      { numRuns: 100 },
    );
    expect(await audit.verify()).toMatchObject({ ok: true, records: 100 });
    const { items } = await audit.query(storage.read, { page: 1, perPage: 100 });
    expect(items).toHaveLength(100);
  });

  it("accepts an anchor that lags behind, as after a crash", async () => {
    await fill(5);
    await audit.stop();
    const early = anchored;
    await fill(5);
    await audit.stop();
    anchored = early;
    audit = restart();
    expect(await audit.verify()).toEqual({ ok: true, records: 10 });
    await audit.record(entry(11));
    expect(await audit.verify()).toEqual({ ok: true, records: 11 });
  });

  it("writes the anchor after commit and not for every record", async () => {
    for (let n = 1; n <= 30; n++) await audit.record(entry(n));
    await audit.stop();
    expect(JSON.parse(anchored ?? "{}")).toMatchObject({ id: 30 });
    expect(writes).toBeLessThan(30);
  });
});

describe("tampering", () => {
  const columns = [
    "uuid",
    "user_id",
    "username",
    "impersonator",
    "action",
    "resource",
    "outcome",
    "detail",
    "ip_address",
    "user_agent",
    "created_at",
    "hash",
  ] as const;
  const position = fc.integer({ min: 0, max: size - 2 });
  const attacks: Record<string, { arbitrary: fc.Arbitrary<(rows: AuditRow[]) => AuditRow[]>; problem: RegExp }> = {
    change: {
      problem: /^changed$/,
      arbitrary: fc.tuple(position, fc.constantFrom(...columns)).map(
        ([at, column]) =>
          (rows) =>
            rows.map((row, i) =>
              i === at ? { ...row, [column]: typeof row[column] === "number" ? row[column] + 1 : "x" } : row,
            ),
      ),
    },
    remove: {
      problem: /^removed$/,
      arbitrary: fc.tuple(position, fc.integer({ min: 1, max: 3 })).map(
        ([at, count]) =>
          (rows) =>
            rows.filter((_, i) => i < at || i >= Math.min(at + count, size - 1)),
      ),
    },
    "remove and close the gap": {
      problem: /^(changed|tail removed)$/,
      arbitrary: position.map(
        (at) => (rows) => rows.flatMap((row, i) => (i === at ? [] : [{ ...row, id: i > at ? row.id - 1 : row.id }])),
      ),
    },
    insert: {
      problem: /^(changed|reordered)$/,
      arbitrary: position.map(
        (at) => (rows) =>
          rows.flatMap((row, i) => {
            const moved = i >= at ? { ...row, id: row.id + 1 } : row;
            return i === at ? [{ ...row, uuid: "forged" }, moved] : [moved];
          }),
      ),
    },
    reorder: {
      problem: /^reordered$/,
      arbitrary: fc
        .tuple(position, position)
        .filter(([a, b]) => a !== b)
        .map(([a, b]) => (rows) => {
          const swap = new Map([
            [rows[a]?.id, rows[b]?.id],
            [rows[b]?.id, rows[a]?.id],
          ]);
          return rows.map((row) => ({ ...row, id: swap.get(row.id) ?? row.id }));
        }),
    },
    "cut the tail": { problem: /^tail removed$/, arbitrary: position.map((at) => (rows) => rows.slice(0, at)) },
    "put one in front": {
      problem: /^changed$/,
      arbitrary: fc
        .integer({ min: -50, max: 0 })
        .map((id) => (rows) => [{ ...(rows[0] as AuditRow), id, uuid: "forged" }, ...rows]),
    },
  };

  it.each(Object.entries(attacks))("is found: %s", async (_, { arbitrary, problem }) => {
    await fill(size);
    await audit.stop();
    const genuine = await storage.read.all<AuditRow>("SELECT * FROM audit_log ORDER BY id");
    await fc.assert(
      fc.asyncProperty(arbitrary, async (attack) => {
        await rewrite(() => attack(genuine));
        for (const verifier of [audit, restart()]) {
          const verdict = await verifier.verify();
          expect(verdict.ok).toBe(false);
          expect(verdict.firstBad?.problem).toMatch(problem);
        }
      }),
      { numRuns: 60 },
    );
    await rewrite(() => genuine);
    expect(await restart().verify()).toEqual({ ok: true, records: size });
  });

  it("stays visible when the panel goes on after its tail was cut, or its anchor was removed or forged", async () => {
    await fill(10);
    await audit.stop();
    const [genuine, anchor] = [await storage.read.all<AuditRow>("SELECT * FROM audit_log ORDER BY id"), anchored];
    for (const forged of [anchor, undefined, "{}", "not json", anchor?.replace('"id":10', '"id":7')]) {
      await rewrite(() => genuine.slice(0, 7));
      anchored = forged;
      audit = restart();
      expect(await audit.verify()).toMatchObject({ ok: false, firstBad: { id: 8, problem: "tail removed" } });
      await audit.record(entry(99));
      await audit.stop();
      expect(await restart().verify()).toMatchObject({ ok: false, firstBad: { id: 8, problem: "removed" } });
    }
  });

  it("is found in a log that was chained anew with another key", async () => {
    await fill(5);
    await audit.stop();
    const other = createAudit({
      storage,
      sealer: createSealer(Buffer.alloc(32, 8)),
      clock,
      ids: createIds(clock),
      anchor: { read: async () => undefined, write: async () => undefined },
      logger: silent,
    });
    await rewrite(() => []);
    for (let n = 1; n <= 5; n++) await other.record(entry(n));
    expect(await restart().verify()).toMatchObject({ ok: false, firstBad: { id: 1 } });
  });
});

describe("query", () => {
  it("answers newest first, by page, and by parts of user and action", async () => {
    await storage.change(async (change) => {
      for (let n = 1; n <= 10; n++) {
        now += 1000;
        await audit.append(change, entry(n, n === 4 ? { username: "a_b%", outcome: "denied" } : {}));
      }
    });
    const ask = (filter: object) => audit.query(storage.read, { page: 1, perPage: 3, ...filter });
    const ids = async (filter: object) => (await ask({ perPage: 50, ...filter })).items.map((item) => item.id);
    expect(await ask({ page: 2 })).toMatchObject({ total: 10, items: [{ id: 7 }, { id: 6 }, { id: 5 }] });
    expect(await ids({ user: "SER1" })).toEqual([10, 1]);
    expect(await ids({ user: "_b%" })).toEqual([4]);
    expect(await ids({ user: "_" })).toEqual([4]);
    expect(await ids({ user: "\\" })).toEqual([]);
    expect(await ids({ user: "root" })).toEqual([9, 6, 3]);
    expect(await ids({ action: "delete", user: "user" })).toEqual([9, 7, 5, 3, 1]);
    expect(await ids({ from: 1_700_000_002_000, to: 1_700_000_004_000 })).toEqual([3, 2]);
    expect((await ask({ user: "_b%" })).items[0]).toEqual({
      id: 4,
      user_id: 4,
      username: "a_b%",
      action: "domains.add",
      resource: "domain:4",
      detail: { n: 4, outcome: "denied" },
      ip_address: "127.0.0.1",
      created_at: "2023-11-14T22:13:24Z",
    });
  });
});
