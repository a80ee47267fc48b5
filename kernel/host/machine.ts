import { readFile, statfs } from "node:fs/promises";
import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import type { Machine } from "@patchbay/sdk";

/** Milliseconds over which the processor is watched when nobody asked before. */
const window = 200;

/** Measures this machine. `dir` tells which disk counts. */
export function createMachine(dir: string): Machine {
  let last = busyTicks();
  let lastAt = 0;
  let lastPercent = 0;
  return {
    sample: async () => {
      if (Date.now() - lastAt > window) {
        const before = lastAt === 0 ? busyTicks() : last;
        if (lastAt === 0) await new Promise((resolve) => setTimeout(resolve, window));
        const now = busyTicks();
        const total = now.total - before.total;
        lastPercent = total > 0 ? Math.round((1000 * (now.busy - before.busy)) / total) / 10 : lastPercent;
        last = now;
        lastAt = Date.now();
      }
      const [disk, available] = await Promise.all([statfs(dir), availableMemory()]);
      const totalBytes = totalmem();
      const [one = 0, five = 0, fifteen = 0] = loadavg();
      return {
        cpuPercent: lastPercent,
        memory: { totalBytes, usedBytes: totalBytes - available },
        disk: { totalBytes: disk.blocks * disk.bsize, usedBytes: (disk.blocks - disk.bfree) * disk.bsize },
        uptimeSeconds: Math.floor(uptime()),
        load: [one, five, fifteen],
      };
    },
  };
}

function busyTicks(): { busy: number; total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.idle + times.irq;
    total += all;
    busy += all - times.idle;
  }
  return { busy, total };
}

/** What programs can still get: free memory alone leaves out the caches. */
async function availableMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? freemem() : Number(kib) * 1024;
}
