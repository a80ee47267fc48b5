import { setTimeout as sleep } from "node:timers/promises";
import { judged, noted, type Row } from "./figures.ts";
import { addAccount, BenchPanel, memoryOf } from "./panel.ts";

/** Hashing threads end after 30 s without work. */
const idleMs = 40_000;
const aimMb = 110;

/** What helper and kernel hold in memory once nothing has been asked of them for a while. */
export async function measureMemory(): Promise<readonly Row[]> {
  const panel = await BenchPanel.start();
  try {
    await addAccount(panel, "idle");
    await sleep(idleMs);
    const helper = memoryOf([panel.pid]);
    const kernel = memoryOf([panel.kernelPid()]);
    const [pss, rss] = [helper.pss + kernel.pss, helper.rss + kernel.rss];
    const text = (mb: number) => `${mb.toFixed(0)} MB`;
    return [
      judged("idle panel, PSS of helper and kernel together", text(pss), `< ${aimMb} MB`, pss < aimMb),
      noted("the same, RSS (pages they share counted twice)", text(rss)),
      noted("helper alone, PSS and RSS", `${text(helper.pss)}, ${text(helper.rss)}`),
      noted("kernel alone, PSS and RSS", `${text(kernel.pss)}, ${text(kernel.rss)}`),
    ];
  } finally {
    await panel.destroy();
  }
}
