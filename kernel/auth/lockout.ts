import { type Clock, type Db, PanelError, type Read } from "@patchbay/sdk";
import { addressKey } from "../rate/address.ts";
import type { Change, Sealer, Storage } from "../storage/types.ts";

const allowedFailures = 5;
const windowMs = 15 * 60_000;
const firstDelayMs = 30_000;
const longestDelayMs = 60 * 60_000;

interface FailureRow {
  readonly failures: number;
  readonly first_at: number;
  readonly last_at: number;
  readonly locked_until: number;
}

/**
 * Counts failed logins. Five in 15 minutes lock a pair for 30 s, every further one twice as long, up to an hour. It is kept
 * in the database: a restart forgives nothing. A stranger at another address never locks anybody out.
 */
export class Lockout {
  readonly #storage: Storage;
  readonly #sealer: Sealer;
  readonly #clock: Clock;

  constructor(storage: Storage, sealer: Sealer, clock: Clock) {
    this.#storage = storage;
    this.#sealer = sealer;
    this.#clock = clock;
  }

  /** The pair of an account name, as it was typed, and a client address. Names are never stored: some are passwords. */
  pairOf(name: string, ip: string): string {
    return this.#sealer.mac("login_failures.pair", `${name.toLowerCase()}\n${addressKey(ip)}`);
  }

  /** Counts wrong second factors of a user from everywhere: who gets that far knows the password. */
  factorOf(userId: number): string {
    return this.#sealer.mac("login_failures.factor", String(userId));
  }

  /** Throws LOGIN_LOCKED (429) while a pair is locked. */
  async check(read: Read, pair: string): Promise<void> {
    const row = await find(read, pair);
    refuseWhileLocked(row, this.#clock.now());
  }

  /**
   * Counts one failure in a change of its own, so that it stays when the caller's is rolled back. Throws LOGIN_LOCKED when
   * the pair was locked meanwhile: guesses sent at the same time are no way around the limit. `tell` joins that change.
   */
  async fail(pair: string, tell?: (change: Change) => Promise<void>): Promise<void> {
    await this.#storage.change(async (change) => {
      const now = this.#clock.now();
      const row = await find(change.read, pair);
      refuseWhileLocked(row, now);
      const next = afterFailure(row, now);
      await change
        .db("login_failures")
        .insert({ pair, ...next })
        .onConflict("pair")
        .merge();
      await tell?.(change);
    });
  }

  /** Forgets the failures of a pair, in the change of the login that succeeded. */
  async clear(db: Db, pair: string): Promise<void> {
    await db("login_failures").where({ pair }).delete();
  }
}

function find(read: Read, pair: string): Promise<FailureRow | undefined> {
  return read.get<FailureRow>("SELECT failures, first_at, last_at, locked_until FROM login_failures WHERE pair = ?", [
    pair,
  ]);
}

function refuseWhileLocked(row: FailureRow | undefined, now: number): void {
  if (!row || row.locked_until <= now) return;
  throw new PanelError("LOGIN_LOCKED", {
    status: 429,
    message: "Too many failed attempts from this address. Try again later.",
    retry: "later",
    retryAfterSeconds: Math.ceil((row.locked_until - now) / 1000),
  });
}

/** The count after one more failure. It begins anew after 15 quiet minutes, or when the first five took longer than that. */
function afterFailure(row: FailureRow | undefined, now: number): FailureRow {
  const quietSince = row && (row.failures < allowedFailures ? row.first_at : Math.max(row.last_at, row.locked_until));
  const current = row && quietSince !== undefined && now - quietSince <= windowMs ? row : undefined;
  const failures = (current?.failures ?? 0) + 1;
  const doublings = Math.min(failures - allowedFailures, 20);
  const delay = doublings < 0 ? 0 : Math.min(firstDelayMs * 2 ** doublings, longestDelayMs);
  return { failures, first_at: current?.first_at ?? now, last_at: now, locked_until: delay === 0 ? 0 : now + delay };
}
