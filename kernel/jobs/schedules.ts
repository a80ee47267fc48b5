import type { Clock, Db, Logger, Read, Schedule, Token } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";
import type { Jobs } from "./jobs.ts";
import { loadNextRun, type NextRun } from "./next-run.ts";

const queue = "schedule";
const longestSleep = 30_000;

/** A schedule of the current generation, with the services of the plugin that declared it. */
export interface RegisteredSchedule {
  readonly plugin: string;
  readonly schedule: Schedule;
  use<T>(token: Token<T>): T;
}

export interface SchedulesOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly jobs: Jobs;
  /** Called with what a schedule threw that it may not. Must not throw. */
  readonly onThrown?: (plugin: string, where: string, error: unknown) => void;
}

/** Turns the clock into jobs. What came due while the panel was down runs once. */
export interface Schedules {
  /**
   * Makes these the schedules that run, instead of those before. A schedule whose expression is wrong is logged and left out.
   * Not to be called inside a change.
   */
  activate(schedules: readonly RegisteredSchedule[]): Promise<void>;
  stop(): Promise<void>;
}

interface Row {
  readonly id: string;
  readonly cron: string;
  readonly next_run_at: number;
}

/** Takes the queue `schedule`. Nothing runs before `activate`. */
export function createSchedules(options: SchedulesOptions): Schedules {
  return new ClockedSchedules(options);
}

class ClockedSchedules implements Schedules {
  readonly #options: SchedulesOptions;
  #active: ReadonlyMap<string, RegisteredSchedule> = new Map();
  #next: NextRun | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SchedulesOptions) {
    this.#options = options;
    options.jobs.handle(queue, (payload, signal) => this.#run((payload as { schedule: string }).schedule, signal));
  }

  async activate(schedules: readonly RegisteredSchedule[]): Promise<void> {
    const next = this.#next ?? (schedules.length > 0 ? await loadNextRun() : undefined);
    this.#next = next;
    const active = new Map<string, RegisteredSchedule>();
    const now = this.#options.clock.now();
    const wanted: Row[] = [];
    for (const entry of schedules) {
      const { id, cron } = entry.schedule;
      try {
        if (next) wanted.push({ id, cron, next_run_at: next(cron, now) });
        active.set(id, entry);
      } catch (error) {
        this.#options.logger.error("a schedule cannot run", { plugin: entry.plugin, schedule: id, error });
      }
    }
    await this.#remember(wanted);
    this.#active = active;
    await this.#tick();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#ticking;
  }

  /** Adds the rows that are missing. A row whose expression is unchanged keeps its time: that is how a missed run is seen. */
  async #remember(wanted: readonly Row[]): Promise<void> {
    const { storage } = this.#options;
    const known = new Map(
      (await storage.read.all<Row>("SELECT id, cron, next_run_at FROM schedules")).map((row) => [row.id, row]),
    );
    const changed = wanted.filter((row) => known.get(row.id)?.cron !== row.cron);
    if (changed.length === 0) return;
    await storage.change(async ({ db, tables }) => {
      tables.add("schedules");
      for (const row of changed) await db("schedules").insert(row).onConflict("id").merge(["cron", "next_run_at"]);
    });
  }

  #tick(): Promise<void> {
    clearTimeout(this.#timer);
    this.#ticking = this.#ticking.then(async () => {
      if (this.#stopped) return;
      const pause = await this.#queueDue().catch((error: unknown) => {
        this.#options.logger.error("the schedules could not be read", { error });
        return longestSleep;
      });
      clearTimeout(this.#timer);
      if (this.#active.size > 0 && !this.#stopped) this.#timer = setTimeout(() => void this.#tick(), pause);
    });
    return this.#ticking;
  }

  /** Queues what is due and answers the milliseconds until the next is. */
  async #queueDue(): Promise<number> {
    const { clock, storage } = this.#options;
    const rows = await storage.read.all<Row>("SELECT id, cron, next_run_at FROM schedules ORDER BY next_run_at");
    const ours = rows.filter((row) => this.#active.has(row.id));
    const now = clock.now();
    const due = ours.filter((row) => row.next_run_at <= now);
    const next = this.#next;
    if (due.length === 0 || !next)
      return Math.min(longestSleep, (ours[0]?.next_run_at ?? Number.POSITIVE_INFINITY) - now);
    await storage.change(async ({ db, read, tables }) => {
      tables.add("schedules");
      for (const row of due) {
        // Whoever moves the time forward queues the job: it happens once, however many look at the same moment.
        const moved = await db("schedules")
          .where({ id: row.id, next_run_at: row.next_run_at })
          .update({ next_run_at: next(row.cron, now), last_run_at: now });
        if (moved === 1) await this.#enqueue(db, read, { id: row.id, at: row.next_run_at });
      }
    });
    return 0;
  }

  /** Does nothing while an earlier run of this schedule has not ended: it is not overtaken. */
  async #enqueue(db: Db, read: Read, run: { id: string; at: number }): Promise<void> {
    // Keys end in digits, and `;` follows `9`: this range holds every instant of the schedule and nothing else.
    const running = await read.get("SELECT id FROM jobs WHERE dedupe_key > ? AND dedupe_key < ? LIMIT 1", [
      `schedule:${run.id}@`,
      `schedule:${run.id}@;`,
    ]);
    if (running) return;
    const payload = { schedule: run.id };
    await this.#options.jobs.enqueue(db, { queue, payload, dedupeKey: `schedule:${run.id}@${run.at}`, maxAttempts: 5 });
  }

  async #run(id: string, signal: AbortSignal): Promise<void> {
    const entry = this.#active.get(id);
    if (!entry) {
      this.#options.logger.info("a schedule was not run: its plugin is gone", { schedule: id });
      return;
    }
    try {
      await entry.schedule.run((token) => entry.use(token), signal);
    } catch (error) {
      // When the panel is stopping it is not the plugin that failed.
      if (!signal.aborted) this.#options.onThrown?.(entry.plugin, id, error);
      throw error;
    }
  }
}
