/**
 * Statements of one transaction side by side, which spares the trip between two of them. Resolves when all have ended, and
 * rejects then with the first reason: a transaction must not be rolled back while a statement of it is still to come.
 */
export async function together(statements: readonly Promise<unknown>[]): Promise<void> {
  for (const ended of await Promise.allSettled(statements)) if (ended.status === "rejected") throw ended.reason;
}
