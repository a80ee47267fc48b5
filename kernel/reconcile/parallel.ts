/** Runs `work` for every item, at most `limit` at a time. Rejects with the first error, after what was begun has ended. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const broken = ends.find((end) => end.status === "rejected");
  if (broken) throw broken.reason;
}
