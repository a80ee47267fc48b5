/** The first instant after `from`, in milliseconds since 1970. Throws when `cron` is no five-field expression or never comes. */
export type NextRun = (cron: string, from: number) => number;

/** The parser is loaded on first use: nothing at start-up waits for it. */
export async function loadNextRun(): Promise<NextRun> {
  const { CronTime } = await import("cron");
  return (cron, from) => {
    // The parser also takes six fields (seconds) and presets, which other readers of the expression do not.
    if (!/^\S+(?:\s+\S+){4}$/.test(cron.trim())) throw new Error(`"${cron}" is not a cron expression of five fields`);
    return new CronTime(cron.trim()).getNextDateFrom(new Date(from)).toMillis();
  };
}
