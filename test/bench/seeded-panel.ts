import { addAccount, BenchPanel, type PanelOptions } from "./panel.ts";

/** The account that what was seeded belongs to. */
export type SeededAccount = Awaited<ReturnType<typeof addAccount>>;

export interface SeededPanel {
  readonly panel: BenchPanel;
  readonly account: SeededAccount;
  /** How long the full reconcile took that served what was seeded. */
  readonly reconcileSeconds: number;
}

/**
 * An instance whose rows are written by `seed` while it does not run, because so many calls would take hours, and then
 * served by one full reconcile.
 */
export async function startSeeded(
  options: PanelOptions,
  seed: (panel: BenchPanel, account: SeededAccount) => Promise<void>,
): Promise<SeededPanel> {
  const panel = await BenchPanel.start(options);
  return orDestroy(panel, async () => {
    const account = await addAccount(panel, "bulk");
    await panel.stop();
    await seed(panel, account);
    await panel.up();
    return { panel, account, reconcileSeconds: await reconcileAll(panel) };
  });
}

/** When `work` fails, the instance goes too; its last words stay. */
export async function orDestroy<T>(panel: BenchPanel, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    process.stderr.write(panel.output.slice(-4000));
    await panel.destroy();
    throw error;
  }
}

async function reconcileAll(panel: BenchPanel): Promise<number> {
  const client = panel.admin();
  const started = performance.now();
  const answer = await client.post("reconcile/run", {});
  const seconds = (performance.now() - started) / 1000;
  client.close();
  if (answer.status !== 200 || answer.body.data.failures.length > 0)
    throw new Error(`no reconcile: ${answer.text.slice(0, 2000)}`);
  return seconds;
}
