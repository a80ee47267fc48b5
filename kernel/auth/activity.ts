import type { Clock } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";
import { purgeExpired } from "./purge.ts";

type Kind = "session" | "token";

const flushEveryMs = 60_000;
/** Times are written to this precision, so that many rows share one statement. Milliseconds. */
const precisionMs = 10_000;
const columns = {
  session: { table: "sessions", column: "last_seen_at" },
  token: { table: "api_tokens", column: "last_used_at" },
} as const;

/** When credentials were last used. Written at most once a minute, all in one change. */
export class Activity {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #onCommit: () => void;
  readonly #seen: Readonly<Record<Kind, Map<number, number>>> = { session: new Map(), token: new Map() };
  #timer: NodeJS.Timeout | undefined;

  /** `onCommit` runs at each commit of a flush, before the next change begins. */
  constructor(storage: Storage, clock: Clock, onCommit: () => void) {
    this.#storage = storage;
    this.#clock = clock;
    this.#onCommit = onCommit;
  }

  /** Notes one use. Writes nothing by itself. */
  seen(kind: Kind, id: number, now: number): void {
    this.#seen[kind].set(id, now);
    if (this.#timer) return;
    // A failed flush keeps what it could not write for the next one.
    this.#timer = setTimeout(() => void this.flush().catch(() => undefined), flushEveryMs);
    this.#timer.unref();
  }

  /** The last use that has not been written yet. */
  pending(kind: Kind, id: number): number | undefined {
    return this.#seen[kind].get(id);
  }

  /** Writes what has been noted, and clears away what has expired. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = { session: new Map(this.#seen.session), token: new Map(this.#seen.token) };
    if (batch.session.size + batch.token.size === 0) return;
    // `tables` is left alone: who a caller is does not change with the time it was last seen.
    await this.#storage.change(async (change) => {
      for (const kind of ["session", "token"] as const) {
        const { table, column } = columns[kind];
        for (const [time, ids] of byTime(batch[kind])) {
          for (let from = 0; from < ids.length; from += 500) {
            await change
              .db(table)
              .whereIn("id", ids.slice(from, from + 500))
              .update({ [column]: time });
          }
        }
      }
      await purgeExpired(change.db, this.#clock.now());
      change.afterCommit(this.#onCommit);
    });
    for (const kind of ["session", "token"] as const) {
      for (const [id, time] of batch[kind]) if (this.#seen[kind].get(id) === time) this.#seen[kind].delete(id);
    }
  }

  /** Writes what is left and stops. */
  async close(): Promise<void> {
    await this.flush();
  }
}

/** Rounded down: a session may end a little early, never late. */
function byTime(seen: ReadonlyMap<number, number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [id, time] of seen) {
    const rounded = Math.floor(time / precisionMs) * precisionMs;
    const group = groups.get(rounded);
    if (group) group.push(id);
    else groups.set(rounded, [id]);
  }
  return groups;
}
