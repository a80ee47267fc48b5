import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeIntoHome } from "../harness/files.ts";
import { beginSwitch, endOf } from "../switching/operation.ts";
import { judged, noted, type Row } from "./figures.ts";
import type { BenchPanel } from "./panel.ts";
import { PortVisitor, type Sighting } from "./port-visitor.ts";
import { seedSites } from "./seed.ts";
import { startSeeded } from "./seeded-panel.ts";
import { hasEnded, type SwitchTimes, switchTimes } from "./switch-times.ts";
import { epochMs } from "./trace.ts";

const sizes = [100, 1_000, 10_000] as const;
/** Longest time a switch may take before the measurement is given up. Milliseconds. */
const patience = 30 * 60_000;
const site = "seeded-00000.example.org";
const aims = { written: 2000, gap: 1000 } as const;

interface Cost extends SwitchTimes {
  readonly seen: Sighting;
}

/** One instance with so many sites: what it cost to go to Apache, which has nothing yet, and to come back. */
interface Stand {
  readonly size: number;
  readonly there: Cost;
  readonly back: Cost;
}

/** All sites of a server moved from nginx to Apache and back while somebody visits one of them. */
export async function measureSwitch(): Promise<readonly Row[]> {
  const stands: Stand[] = [];
  for (const size of sizes) stands.push(await measureStand(size));
  return toRows(stands);
}

async function measureStand(size: number): Promise<Stand> {
  const { panel } = await startSeeded({ traced: true }, async (one, account) => {
    const database = join(one.data, "panel", "panel.db");
    await seedSites({ database, account, sites: size, zones: false });
    for (let at = 0; at < size; at += 1) {
      const name = `seeded-${String(at).padStart(5, "0")}.example.org`;
      writeIntoHome(account.home_dir, `public_html/${name}/index.html`, `the page of ${name}`);
    }
  });
  try {
    return { size, there: await switchTo(panel, "apache"), back: await switchTo(panel, "nginx") };
  } finally {
    await panel.destroy();
  }
}

async function switchTo(panel: BenchPanel, server: string): Promise<Cost> {
  const client = panel.admin();
  const visitor = await PortVisitor.start(panel.ports.services, site);
  const before = panel.output.length;
  const askedAt = epochMs();
  let seen: Sighting;
  try {
    const view = await endOf(client, await beginSwitch(client, "web_server", server), patience);
    if (view.state !== "done") throw new Error(`no switch to ${server}: ${view.error}\n${panel.output.slice(-4000)}`);
  } finally {
    client.close();
    seen = await visitor.stop();
  }
  // The panel answers before the last line has come out of its pipe.
  while (!hasEnded(panel.output.slice(before))) await sleep(20);
  return { ...switchTimes(panel.output.slice(before), askedAt), seen };
}

function toRows(stands: readonly Stand[]): readonly Row[] {
  const most = stands.at(-1);
  if (!most) throw new Error("nothing was measured");
  const at = `at ${sizes.map((size) => size.toLocaleString("en")).join("; ")} sites`;
  const list = (costs: readonly Cost[], of: (cost: Cost) => string) => costs.map(of).join("; ");
  const [there, back] = [stands.map((stand) => stand.there), stands.map((stand) => stand.back)];
  const seconds = (what: keyof SwitchTimes) => (cost: Cost) => `${(cost[what] / 1000).toFixed(1)} s`;
  const gap = ({ seen }: Cost) => Math.max(seen.http, seen.https);
  const longest = Math.max(...[...there, ...back].map(gap));
  const { written } = most.there;
  const both = (what: keyof SwitchTimes) => `${list(there, seconds(what))}, back ${list(back, seconds(what))}`;
  return [
    judged(
      "10,000 sites rendered and written for Apache",
      seconds("written")(most.there),
      "< 2 s",
      written < aims.written,
    ),
    judged(
      "longest time without a good answer on the public ports, all switches",
      ms(longest),
      "< 1 s",
      longest < aims.gap,
    ),
    noted(`switch to Apache ${at}`, list(there, seconds("total"))),
    noted(`switch back to nginx ${at}`, list(back, seconds("total"))),
    noted(`rendered and written ${at}`, both("written")),
    noted(`of it files written and put into place ${at}`, both("placed")),
    noted(`files written ${at}`, `${list(there, files)}, back ${list(back, files)}`),
    noted(`tests of the daemon's own ${at}`, both("tested")),
    noted(`daemon loaded on its side ports ${at}`, both("loaded")),
    noted(`asked there for every site, over HTTP and HTTPS ${at}`, both("asked")),
    noted(`pages of both compared ${at}`, both("compared")),
    noted(`hand-over ${at}`, both("handedOver")),
    noted(`longest time without a good answer ${at}`, `${list(there, bothGaps)}, back ${list(back, bothGaps)}`),
    noted(`the same as the panel reports it ${at}`, `${list(there, reported)}, back ${list(back, reported)}`),
    noted("of the visits answered otherwise or not at all", share([...there, ...back])),
  ];
}

const ms = (time: number) => `${time.toFixed(0)} ms`;
const bothGaps = ({ seen }: Cost) => `HTTP ${ms(seen.http)}, HTTPS ${ms(seen.https)}`;
const files = (cost: Cost) => cost.files.toLocaleString("en");
const reported = (cost: Cost) => ms(cost.reportedGap);

function share(costs: readonly Cost[]): string {
  const sum = (what: "asked" | "failed") => costs.reduce((total, { seen }) => total + seen[what], 0);
  return `${sum("failed").toLocaleString("en")} of ${sum("asked").toLocaleString("en")}`;
}
