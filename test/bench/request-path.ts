import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "../harness/client.ts";
import { freePorts } from "../harness/ports.ts";
import type { BareServer } from "./bare-server.ts";
import { judged, noted, type Row, show, spreadOf } from "./figures.ts";
import type { Generator } from "./load.ts";
import { addAccount, BenchPanel } from "./panel.ts";
import { partArgv } from "./programs.ts";

const rounds = 7;
const seconds = 2;
const path = "/api/operations/get";
const dialects = ["sqlite3", "better-sqlite3"] as const;
const aims = { sqlite3: 0.25, "better-sqlite3": 0.4 } as const;

interface Contender {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The whole way of an authenticated read through the panel, against one h3 handler that returns the same object. */
export async function measureRequestPath(generate: Generator): Promise<readonly Row[]> {
  const panels: BenchPanel[] = [];
  let bare: ChildProcess | undefined;
  try {
    const contenders: Contender[] = [];
    for (const dialect of dialects) {
      const panel = await BenchPanel.start({ flags: ["--dialect", dialect] });
      panels.push(panel);
      contenders.push(await panelContender(panel, dialect));
    }
    const started = await startBare(panels[0] as BenchPanel, contenders[0] as Contender);
    bare = started.child;
    return toRows(await race(generate, [started.contender, ...contenders]));
  } finally {
    bare?.kill("SIGTERM");
    for (const panel of panels) await panel.destroy();
  }
}

async function panelContender(panel: BenchPanel, name: string): Promise<Contender> {
  const account = await addAccount(panel, "reader");
  const client = panel.admin();
  const site = { account_id: account.id, domain: "read.example.net", type: "addon" };
  const { body } = await client.post("domains/add", site, { prefer: "respond-async" });
  const id: string = body.data.operation_id;
  while ((await client.get("operations/get", { id })).body.data.state === "running") await sleep(20);
  client.close();
  return {
    name,
    url: `https://127.0.0.1:${panel.ports.panel}${path}?id=${id}`,
    headers: { authorization: `Bearer ${panel.token()}` },
  };
}

/** Answers what the panel answers, with the panel's certificate. */
async function startBare(
  panel: BenchPanel,
  { url, headers }: Contender,
): Promise<{ child: ChildProcess; contender: Contender }> {
  const { panel: port } = await freePorts();
  const client = panel.admin();
  const { body } = await client.get(`${path}${new URL(url).search}`);
  client.close();
  const options: BareServer = { port, path, body, pem: join(panel.data, "panel", "tls", "panel.pem") };
  const child = spawn(process.execPath, partArgv("bare", JSON.stringify(options)), {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const own = url.replace(/:\d+\//, `:${port}/`);
  const probe = new Client(port);
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await probe.get(`${path}${new URL(url).search}`).catch(() => undefined);
    if (answer?.status === 200) break;
    await sleep(25);
  }
  probe.close();
  return { child, contender: { name: "bare", url: own, headers } };
}

/** Requests a second by name; one of each in every round, and one round before that is thrown away. */
async function race(
  generate: Generator,
  contenders: readonly Contender[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const results = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, url, headers } of contenders) {
      const rate = await generate({ url, headers, seconds });
      if (round > 0) results.get(name)?.push(rate);
    }
  }
  return results;
}

function toRows(results: ReadonlyMap<string, readonly number[]>): readonly Row[] {
  const bare = results.get("bare") ?? [];
  const rows = dialects.flatMap((dialect) => {
    const rates = results.get(dialect) ?? [];
    const ratio = spreadOf(rates.map((rate, round) => rate / (bare[round] ?? Number.NaN)));
    const aim = aims[dialect];
    return [
      judged(`panel request : bare h3, ${dialect}`, show(ratio, 2), `≥ ${aim.toFixed(2)}`, ratio.median >= aim),
      noted(`panel requests a second, ${dialect}`, show(spreadOf(rates), 0)),
    ];
  });
  return [...rows, noted("bare h3 requests a second", show(spreadOf(bare), 0))];
}
