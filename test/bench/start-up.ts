import { spawn } from "node:child_process";
import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { judged, noted, type Row, show, spreadOf } from "./figures.ts";
import { addAccount, BenchPanel } from "./panel.ts";

const rounds = 12;
const aim = 5;

/** From `patchbay up` on an instance that was used before to the first answer over HTTPS, against `node -e ''`. */
export async function measureStartUp(): Promise<readonly Row[]> {
  const panel = await BenchPanel.start();
  try {
    await addAccount(panel, "starter");
    await panel.stop();
    const ours: number[] = [];
    const nodes: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const node = await timeNode();
      const own = await timePanel(panel);
      if (round === 0) continue;
      nodes.push(node);
      ours.push(own);
    }
    const ratio = spreadOf(ours.map((time, round) => time / (nodes[round] ?? Number.NaN)));
    return [
      judged("`patchbay up` to the first HTTPS answer : `node -e ''`", show(ratio, 1), `≤ ${aim}`, ratio.median <= aim),
      noted("`patchbay up` to the first HTTPS answer", show(spreadOf(ours), 0, " ms")),
      noted("`node -e ''`", show(spreadOf(nodes), 0, " ms")),
    ];
  } finally {
    await panel.destroy();
  }
}

async function timeNode(): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  await new Promise((resolve) => child.on("close", resolve));
  return performance.now() - started;
}

/** Milliseconds from `patchbay up` to the first answer over HTTPS. `look` is called once all is up; then the panel is stopped. */
export async function timePanel(panel: BenchPanel, look?: () => void): Promise<number> {
  const before = panel.output.length;
  const started = performance.now();
  panel.spawn();
  while (!(await answers(panel.ports.panel))) await sleep(4);
  const time = performance.now() - started;
  // Stopped only when it has come up as a whole, so that each round begins from the same state.
  while (!panel.output.slice(before).includes("Patchbay is ready")) await sleep(10);
  look?.();
  await panel.stop();
  return time;
}

/** True when somebody speaks HTTP there, whatever the answer is. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, path: "/api/system/version", agent: false, rejectUnauthorized: false };
    const sent = request(options, (res) => {
      res.resume();
      resolve(true);
    });
    sent.on("error", () => resolve(false));
    sent.end();
  });
}
