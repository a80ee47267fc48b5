import type { HookKind } from "@patchbay/sdk";

/** How long one tap may take. Milliseconds. */
export type Deadlines = Readonly<Record<HookKind, number>>;

export const standardDeadlines: Deadlines = { veto: 2_000, transform: 2_000, guarded: 10_000, notify: 30_000 };

/** Thrown when a tap did not answer within its deadline. */
export class DeadlineError extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
    this.name = "DeadlineError";
  }
}

/**
 * Runs `work` until the deadline. Its signal is aborted when time is up or when `outer` is aborted; the answer of work that
 * goes on after that is ignored. A plain (non-promise) return counts as its answer.
 */
export async function withDeadline<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => T | Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const own = new AbortController();
  const signal = outer ? AbortSignal.any([own.signal, outer]) : own.signal;
  signal.throwIfAborted();
  const timer = setTimeout(() => own.abort(new DeadlineError(milliseconds)), milliseconds);
  try {
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      Promise.resolve(work(signal)).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
