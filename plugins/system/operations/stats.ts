import { defineQuery, Machine, Services } from "@patchbay/sdk";
import * as v from "valibot";
import { percent, round } from "../figures.ts";
import { listSamples, serverSample } from "../samples.ts";

const access = { callers: ["admin"] } as const;
const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

export const systemStats = defineQuery({
  id: "system.stats",
  summary: "Live CPU, RAM, disk, uptime and services",
  access,
  rate: "standard",
  input: v.strictObject({}),
  output: v.strictObject({
    cpu_pct: v.number(),
    ram: v.strictObject({ total_mb: v.number(), used_mb: v.number(), pct: v.number() }),
    disk: v.strictObject({ total_gb: v.number(), used_gb: v.number(), pct: v.number() }),
    uptime_seconds: v.number(),
    load: v.strictTuple([v.number(), v.number(), v.number()]),
    services: v.array(
      v.strictObject({ name: v.string(), status: v.picklist(["running", "stopped", "failed", "unknown"]) }),
    ),
  }),
  handle: async (_input, ctx) => {
    const [sample, services] = await Promise.all([ctx.use(Machine).sample(), ctx.use(Services).list()]);
    const { memory, disk, load } = sample;
    return {
      cpu_pct: round(sample.cpuPercent),
      ram: {
        total_mb: Math.round(memory.totalBytes / mebibyte),
        used_mb: Math.round(memory.usedBytes / mebibyte),
        pct: percent(memory),
      },
      disk: {
        total_gb: round(disk.totalBytes / gibibyte),
        used_gb: round(disk.usedBytes / gibibyte),
        pct: percent(disk),
      },
      uptime_seconds: Math.floor(sample.uptimeSeconds),
      load: [round(load[0], 2), round(load[1], 2), round(load[2], 2)] as [number, number, number],
      services: services.map(({ name, status }) => ({ name, status })),
    };
  },
});

export const serverStats = defineQuery({
  id: "stats.server",
  summary: "Load samples of the last 24 hours, one for every five minutes",
  access,
  rate: "standard",
  input: v.strictObject({}),
  output: v.array(serverSample),
  handle: (_input, ctx) => listSamples(ctx.read, ctx.now),
});
