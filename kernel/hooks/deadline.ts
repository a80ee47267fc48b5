import type { HookKind, TapContext } from "@patchbay/sdk";

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

/** Makes its signal when it is first looked at: most taps never do, and a signal costs more than all the rest. */
class Deadline implements TapContext {
  #controller: AbortController | undefined;
  #over: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#over) this.#controller.abort(this.#over.reason);
    }
    return this.#controller.signal;
  }

  end(reason: unknown): void {
    this.#over = { reason };
    this.#controller?.abort(reason);
  }
}

/**
 * Runs `work` until the deadline. Its signal is aborted when time is up or when `outer` is aborted; the answer of work that
 * goes on after that is ignored. A plain (non-promise) return counts as its answer.
 */
export function withDeadline<T>(
  milliseconds: number,
  work: (context: TapContext) => T | Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    outer?.throwIfAborted();
    const context = new Deadline();
    const giveUp = (reason: unknown) => {
      release();
      context.end(reason);
      reject(reason);
    };
    const stop = () => giveUp(outer?.reason);
    const timer = setTimeout(() => giveUp(new DeadlineError(milliseconds)), milliseconds);
    const release = () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", stop);
    };
    outer?.addEventListener("abort", stop, { once: true });
    // Called inside a promise, so that a tap that throws at once is a tap that rejects.
    const answer = new Promise<T>((settle) => settle(work(context)));
    answer.finally(release).then(resolve, reject);
  });
}
