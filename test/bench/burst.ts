import { judged, noted, type Row, show, spreadOf } from "./figures.ts";
import { addAccount, BenchPanel } from "./panel.ts";
import { siteAnswers } from "./sites.ts";
import { callMark, type TracedCall } from "./task-trace.ts";
import { linesOf } from "./trace.ts";

const adds = 100;
const rounds = 5;
const mostReloads = 5;

/** A hundred callers that each add a domain at the same moment. */
export async function measureBurst(): Promise<readonly Row[]> {
  const panel = await BenchPanel.start({ traced: true });
  try {
    const account = await addAccount(panel, "burst");
    const reloads: number[] = [];
    const seconds: number[] = [];
    let early = 0;
    for (let round = 0; round < rounds; round += 1) {
      const before = panel.output.length;
      const started = performance.now();
      early += await addAll(panel, account.id, round);
      seconds.push((performance.now() - started) / 1000);
      reloads.push(reloadsIn(panel.output.slice(before)));
    }
    const spread = spreadOf(reloads);
    return [
      judged(
        `reloads for ${adds} domains added at once`,
        show(spread, 0),
        `≤ ${mostReloads}`,
        spread.max <= mostReloads,
      ),
      judged("of them answered before the site was live", String(early), "0", early === 0),
      noted(`time until all ${adds} were answered`, show(spreadOf(seconds), 2, " s")),
    ];
  } finally {
    await panel.destroy();
  }
}

/** How often the web server was reloaded. */
function reloadsIn(output: string): number {
  return linesOf<TracedCall>(output, callMark).filter(({ reloads }) => reloads.includes("web-nginx")).length;
}

/** Returns how many callers were told that their site is live while it was not. */
async function addAll(panel: BenchPanel, accountId: number, round: number): Promise<number> {
  const client = panel.admin();
  const one = async (at: number): Promise<number> => {
    const domain = `burst-${round}-${at}.example.net`;
    const answer = await client.post("domains/add", { account_id: accountId, domain, type: "addon" });
    if (answer.status !== 200) throw new Error(`a domain was not added: ${answer.text}`);
    return (await siteAnswers(panel, domain)) ? 0 : 1;
  };
  const early = await Promise.all(Array.from({ length: adds }, (_, at) => one(at)));
  client.close();
  return early.reduce((sum, value) => sum + value, 0);
}
