import { setMaxListeners } from "node:events";

/**
 * Runs `work` with a signal that is aborted after `ms` milliseconds, and when `signal` is. `AbortSignal.any` of an
 * `AbortSignal.timeout` is not enough: nothing holds the latter, so it may be collected and never comes (Node 20).
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const end = () => controller.abort(signal?.reason);
  const late = () => controller.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError"));
  const timer = setTimeout(late, ms);
  // However many wait for it at a time, each lets go of it: that is no leak to be warned of.
  if (signal) setMaxListeners(0, signal);
  signal?.addEventListener("abort", end, { once: true });
  try {
    if (signal?.aborted === true) end();
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}
