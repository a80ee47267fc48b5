import { Clock, Machine, type Read, type Schedule, toIso, Writes } from "@patchbay/sdk";
import * as v from "valibot";
import { percent, round } from "./figures.ts";

/** How far apart samples are, and how long they are kept. Milliseconds. */
const everyMs = 5 * 60_000;
const keptMs = 24 * 60 * 60_000;

export const serverSample = v.strictObject({
  recorded_at: v.string(),
  cpu_pct: v.number(),
  ram_pct: v.number(),
  disk_pct: v.number(),
  load_1m: v.number(),
  load_5m: v.number(),
  load_15m: v.number(),
});

export type ServerSample = v.InferOutput<typeof serverSample>;

/** Keeps one sample of the machine's load for every five minutes of the last day. */
export const collectSamples: Schedule = {
  id: "system.samples",
  cron: "*/5 * * * *",
  run: async (use) => {
    const { cpuPercent, memory, disk, load } = await use(Machine).sample();
    const now = use(Clock).now();
    const row = {
      recorded_at: now - (now % everyMs),
      cpu_pct: round(cpuPercent),
      ram_pct: percent(memory),
      disk_pct: percent(disk),
      load_1m: round(load[0], 2),
      load_5m: round(load[1], 2),
      load_15m: round(load[2], 2),
    };
    await use(Writes).write(async (db) => {
      await db("server_samples").insert(row).onConflict("recorded_at").ignore();
      await db("server_samples")
        .where("recorded_at", "<=", now - keptMs)
        .delete();
    });
  },
};

/** The samples of the last day, oldest first. */
export async function listSamples(read: Read, now: number): Promise<ServerSample[]> {
  const rows = await read.all<Omit<ServerSample, "recorded_at"> & { recorded_at: number }>(
    "SELECT recorded_at, cpu_pct, ram_pct, disk_pct, load_1m, load_5m, load_15m FROM server_samples " +
      "WHERE recorded_at > ? ORDER BY recorded_at",
    [now - keptMs],
  );
  return rows.map((row) => ({ ...row, recorded_at: toIso(row.recorded_at) }));
}
