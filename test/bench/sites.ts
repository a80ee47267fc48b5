import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fetchSite } from "../harness/site.ts";
import { judged, noted, type Row, type Spread, show, spreadOf } from "./figures.ts";
import { addAccount, type BenchPanel, processesWith } from "./panel.ts";
import { type Resident, residentOf } from "./resident.ts";
import { seedSites } from "./seed.ts";
import { orDestroy, startSeeded } from "./seeded-panel.ts";
import { type ChangeTrace, shadowMark, traceMark } from "./trace.ts";

const sizes = [10, 1_000, 10_000] as const;
const rounds = 9;

/** One instance with so many sites, and what adding further ones cost. */
interface Stand {
  readonly size: number;
  readonly panel: BenchPanel;
  readonly accountId: number;
  readonly reconcileSeconds: number;
  readonly costs: Cost[];
}

/** Milliseconds, except for the counts. */
interface Cost {
  readonly answer: number;
  /** All that is neither the daemon's test, nor its reload, nor the directory in the account's home. */
  readonly panel: number;
  readonly home: number;
  readonly test: number;
  readonly reload: number;
  readonly statements: number;
  readonly bytes: number;
  readonly files: number;
}

/** What one more site costs where there are few, and where there are many. */
export async function measureSites(): Promise<readonly Row[]> {
  const stands: Stand[] = [];
  try {
    for (const size of sizes) stands.push(await prepareStand(size));
    for (let round = 0; round <= rounds; round += 1) {
      for (const stand of stands) {
        const cost = await addSite(stand, round);
        if (round > 0) stand.costs.push(cost);
      }
    }
    return toRows(stands);
  } finally {
    for (const { panel } of stands) await panel.destroy();
  }
}

async function prepareStand(size: number): Promise<Stand> {
  // The sites that are there belong to one account, the ones that are added to another.
  const { panel, reconcileSeconds } = await startSeeded({ traced: true }, ({ data }, account) =>
    seedSites({ database: join(data, "panel", "panel.db"), account, sites: size }),
  );
  return orDestroy(panel, async () => {
    const { id: accountId } = await addAccount(panel, "adder");
    if (!(await siteAnswers(panel, "seeded-00009.example.org"))) throw new Error("a seeded site does not answer");
    return { size, panel, accountId, reconcileSeconds, costs: [] };
  });
}

async function addSite({ panel, accountId }: Stand, round: number): Promise<Cost> {
  const domain = `added-${round}.example.net`;
  const client = panel.admin();
  const started = performance.now();
  const answer = await client.post("domains/add", { account_id: accountId, domain, type: "addon" });
  const time = performance.now() - started;
  client.close();
  if (answer.status !== 200) throw new Error(`a domain was not added: ${answer.text}`);
  if (!(await siteAnswers(panel, domain))) throw new Error("an added site does not answer");
  const trace = JSON.parse(lastLine(panel.output, traceMark)) as ChangeTrace;
  const testFrom = Number(lastLine(panel.output, shadowMark));
  const test = trace.test.to - testFrom;
  const reload = trace.reload.to - trace.reload.from;
  const { statements, bytes, files, home } = trace;
  return { answer: time, panel: trace.total - test - reload - home, home, test, reload, statements, bytes, files };
}

function lastLine(output: string, mark: string): string {
  const at = output.lastIndexOf(`\n${mark}`);
  if (at === -1) throw new Error("the traced panel did not say what it did");
  return output.slice(at + 1 + mark.length).split("\n", 1)[0] ?? "";
}

/** True when the web server of the instance names this site as the one that answers. */
export async function siteAnswers(panel: BenchPanel, domain: string): Promise<boolean> {
  const { status, text } = await fetchSite(panel.ports.services + 80, domain, "/.well-known/patchbay/site");
  return status === 200 && text.startsWith(`${domain} `);
}

function nginxMemory(panel: BenchPanel): Resident {
  const masters = processesWith(panel.dir).filter(({ command }) => command.startsWith("nginx: master"));
  const pids = masters.flatMap(({ pid }) => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
    return [pid, ...children];
  });
  return residentOf(pids);
}

function toRows(stands: readonly Stand[]): readonly Row[] {
  const [few, many] = [stands[0], stands.at(-1)];
  if (!few || !many) throw new Error("nothing was measured");
  const spread = (stand: Stand, what: keyof Cost): Spread => spreadOf(stand.costs.map((cost) => cost[what]));
  const each = (what: keyof Cost, digits: number, unit: string) =>
    stands.map((stand) => show(spread(stand, what), digits, unit)).join("; ");
  const ratio = spreadOf(many.costs.map((cost, round) => cost.panel / (few.costs[round]?.panel ?? Number.NaN)));
  const constant = (["statements", "files"] as const).every(
    (what) => spread(many, what).median === spread(few, what).median,
  );
  const answer = spread(many, "answer");
  const memory = nginxMemory(many.panel);
  const at = `at ${sizes.map((size) => size.toLocaleString("en")).join("; ")} sites`;
  return [
    judged("panel work to add a site, 10,000 sites : 10 sites", show(ratio, 2), "≤ 2", ratio.median <= 2),
    judged("a site added at 10,000 is live and answered for", show(answer, 0, " ms"), "< 500 ms", answer.median < 500),
    judged(
      "nginx at 10,000 sites, master and workers together",
      `${memory.together.toFixed(0)} MB (sum of RSS ${memory.rss.toFixed(0)} MB, of PSS ${memory.pss.toFixed(0)} MB)`,
      "< 150 MB",
      memory.rss < 150,
    ),
    judged(`SQL statements ${at}`, each("statements", 0, ""), "constant", constant),
    noted(`configuration files written ${at}`, each("files", 0, "")),
    noted(`bytes of configuration written ${at}`, each("bytes", 0, "")),
    noted(`panel work ${at}`, each("panel", 0, " ms")),
    noted(`directory made by processes of the account ${at}`, each("home", 0, " ms")),
    noted(`\`nginx -t\` ${at}`, each("test", 0, " ms")),
    noted(`reload until the new configuration answers ${at}`, each("reload", 0, " ms")),
    noted(
      `full reconcile of everything ${at}`,
      stands.map((stand) => `${stand.reconcileSeconds.toFixed(1)} s`).join("; "),
    ),
  ];
}
