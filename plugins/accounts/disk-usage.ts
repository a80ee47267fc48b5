import { type Clock, type HostAccounts, type Logger, token } from "@patchbay/sdk";
import { type AccountRow, hostAccount } from "./contract.ts";

/** Space below a home. */
export interface Measurement {
  readonly bytes: number;
  readonly inodes: number;
}

/** How long a measurement is shown as the present one. */
export const freshForMs = 60_000;

/** How long a reader waits. The measurement goes on and is there for the next one. */
const patienceMs = 5000;

/** Most accounts remembered; the one measured longest ago goes first. */
const remembered = 1000;

/**
 * Measures homes for callers that only read. A measurement is shared by everybody who asks within a minute, so that
 * asking often does not mean walking the home often.
 */
export class DiskUsage {
  readonly #host: HostAccounts;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #measured = new Map<number, { readonly at: number; readonly value: Promise<Measurement> }>();

  constructor(host: HostAccounts, clock: Clock, log: Logger) {
    this.#host = host;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * At most a minute old. When the host cannot tell within five seconds: the last stored one, undefined without any. Never
   * throws.
   */
  async of(row: AccountRow): Promise<Measurement | undefined> {
    const now = this.#clock.now();
    if (row.disk_measured_at !== null && now - row.disk_measured_at < freshForMs) return stored(row);
    const known = this.#measured.get(row.id);
    const value = known && now - known.at < freshForMs ? known.value : this.#measure(row, now);
    try {
      return await within(value, patienceMs);
    } catch (error) {
      this.#log.warn("disk usage could not be measured now", { account: row.id, error: String(error) });
      return row.disk_measured_at === null ? undefined : stored(row);
    }
  }

  #measure(row: AccountRow, at: number): Promise<Measurement> {
    const value = this.#host.usage(hostAccount(row));
    this.#measured.delete(row.id);
    this.#measured.set(row.id, { at, value });
    value.catch(() => {
      if (this.#measured.get(row.id)?.value === value) this.#measured.delete(row.id);
    });
    for (const oldest of this.#measured.keys()) {
      if (this.#measured.size <= remembered) break;
      this.#measured.delete(oldest);
    }
    return value;
  }
}

async function within<T>(value: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not measured within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}

function stored(row: AccountRow): Measurement {
  return { bytes: row.disk_used_bytes, inodes: row.disk_inodes };
}

/** Private to this plugin. */
export const DiskUsageToken = token<DiskUsage>("accounts.disk-usage");
