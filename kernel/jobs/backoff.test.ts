import fc from "fast-check";
import { expect, it } from "vitest";
import { retryDelay } from "./backoff.ts";

it("waits between one half and the whole of a doubling time, at most ten minutes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const full = Math.min(600_000, 1000 * 2 ** (attempt - 1));
        const delay = retryDelay(attempt, random);
        expect(delay).toBeGreaterThanOrEqual(full / 2);
        expect(delay).toBeLessThanOrEqual(full);
      },
    ),
  );
});
