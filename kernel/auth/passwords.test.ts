import { Worker } from "node:worker_threads";
import { parseOptions } from "@node-rs/argon2";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PasswordPool } from "./passwords.ts";

const pools: PasswordPool[] = [];
function open(options?: ConstructorParameters<typeof PasswordPool>[1]): PasswordPool {
  const pool = new PasswordPool(undefined, options);
  pools.push(pool);
  return pool;
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

describe("PasswordPool", () => {
  it("hashes with argon2id at the documented cost and verifies byte for byte", async () => {
    const pool = open();
    const hash = await pool.hash("pässword one");
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await pool.verify(hash, "pässword one")).toBe(true);
    expect(await pool.verify(hash, "pässword one".normalize("NFD"))).toBe(false);
    expect(await pool.hash("pässword one")).not.toBe(hash);
  });

  it("does the same work for nobody and never says yes", async () => {
    const pool = open();
    const jobs: unknown[] = [];
    const real = pool.verify.bind(pool);
    const post = vi.spyOn(Worker.prototype, "postMessage");
    expect(await real(undefined, "anything")).toBe(false);
    const [[job] = []] = post.mock.calls;
    const cost = parseOptions(await pool.hash("anything"));
    expect(parseOptions((job as { hash: string }).hash)).toEqual(cost);
    post.mockRestore();
    // Both ways end in the worker: with a full queue both are refused.
    const full = open({ workers: 1, queue: 0 });
    const first = full.hash("x").then((value) => jobs.push(value));
    await expect(full.verify(undefined, "y")).rejects.toMatchObject({ code: "HASHING_BUSY" });
    await expect(full.verify("$argon2id$", "y")).rejects.toMatchObject({ code: "HASHING_BUSY" });
    await first;
    expect(jobs).toHaveLength(1);
  });

  it("says no to a stored value that is no hash", async () => {
    const pool = open();
    for (const hash of ["", "x", "$argon2id$v=19$m=19456,t=2,p=1$"]) expect(await pool.verify(hash, "")).toBe(false);
  });

  it("keeps to two workers and refuses what the queue cannot hold", async () => {
    const pool = open({ queue: 3 });
    const results = await Promise.allSettled(Array.from({ length: 7 }, () => pool.hash("some password")));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(5);
    const refused = results.filter((result) => result.status === "rejected").map((result) => result.reason);
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject({ code: "HASHING_BUSY", status: 503, retry: "later", retryAfterSeconds: 2 });
    expect(pool.threads).toBeLessThanOrEqual(2);
  });

  it("ends its workers when they are idle and starts them again", async () => {
    const pool = open({ idleMs: 20 });
    expect(pool.threads).toBe(0);
    await pool.hash("some password");
    expect(pool.threads).toBe(1);
    await expect.poll(() => pool.threads).toBe(0);
    await pool.hash("some password");
    expect(pool.threads).toBe(1);
  });

  it("rejects when a worker cannot run, and when it is closed", async () => {
    const broken = new PasswordPool(new URL("./no-such-worker.mjs", import.meta.url), { workers: 1 });
    const results = await Promise.allSettled([broken.hash("a"), broken.hash("b"), broken.hash("c")]);
    expect(results.every((result) => result.status === "rejected")).toBe(true);
    const pool = open({ workers: 1 });
    const waiting = Promise.allSettled([pool.hash("a"), pool.hash("b")]);
    await pool.close();
    expect((await waiting).every((result) => result.status === "rejected")).toBe(true);
    await expect(pool.hash("c")).rejects.toMatchObject({ code: "HASHING_BUSY" });
  });
});
