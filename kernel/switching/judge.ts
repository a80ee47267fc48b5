import type { ParityAnswer } from "../host/parity.ts";

/** True when a visitor would be worse off: an answer became an error, or a refusal became a failure. */
export function isWorse(before: number, now: number): boolean {
  if (before === 0 || before >= 500) return false;
  return now === 0 || now >= (before < 400 ? 400 : 500);
}

/** True when two answers are the same to a visitor. */
export function isAlike(one: ParityAnswer, other: ParityAnswer): boolean {
  return one.status === other.status && one.location === other.location && one.digest === other.digest;
}

export type Verdict = "alike" | "worse" | "different";

/**
 * What a visitor would notice, from two answers of each. The second ones count: the first may have come in a bad moment. A page
 * that differs from itself each time says nothing by differing.
 */
export function judge(before: readonly [ParityAnswer, ParityAnswer], now: ParityAnswer): Verdict {
  const [first, second] = before;
  if (isWorse(second.status, now.status)) return "worse";
  return isAlike(second, now) || !isAlike(first, second) ? "alike" : "different";
}

/** What an answer was, for people. */
export function nameOf(status: number): string {
  return status === 0 ? "nothing" : String(status);
}
