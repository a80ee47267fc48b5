const first = 1_000;
const longest = 600_000;

/**
 * Milliseconds to wait after the `attempt`th failure (from 1): doubles from one second to ten minutes. The upper half is
 * random (`random` is in [0, 1)), so that jobs that failed together do not come back together.
 */
export function retryDelay(attempt: number, random: number): number {
  const full = Math.min(longest, first * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}
