import { setTimeout as sleep } from "node:timers/promises";
import { judged, noted, type Row } from "./figures.ts";
import { addAccount, BenchPanel } from "./panel.ts";
import { type Resident, residentOf } from "./resident.ts";

/** Hashing threads end after 30 s without work. */
const idleMs = 40_000;
const aimMb = 110;

/** What helper and kernel hold in memory once nothing has been asked of them for a while. */
export async function measureMemory(): Promise<readonly Row[]> {
  const panel = await BenchPanel.start();
  try {
    await addAccount(panel, "idle");
    await sleep(idleMs);
    const [helper, kernel] = [panel.pid, panel.kernelPid()];
    const both = residentOf([helper, kernel]);
    return [
      judged("idle panel: helper and kernel together", inMb(both.together), `< ${aimMb} MB`, both.together < aimMb),
      noted("sum of their RSS (pages of Node itself counted twice)", inMb(both.rss)),
      noted("sum of their PSS (smaller the more other Node processes the machine runs)", inMb(both.pss)),
      noted("kernel alone", all(residentOf([kernel]))),
      noted("helper alone", all(residentOf([helper]))),
    ];
  } finally {
    await panel.destroy();
  }
}

function inMb(size: number): string {
  return `${size.toFixed(0)} MB`;
}

function all({ together, rss, pss }: Resident): string {
  return `${inMb(together)}, RSS ${inMb(rss)}, PSS ${inMb(pss)}`;
}
