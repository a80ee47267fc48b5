import { crashAt } from "./helper/crash-points.ts";

/** Steps of a change at which a crash must leave something the next start finishes. The reconciler has its own. */
export const changeCrashPoints = ["change:before-commit", "change:committed", "change:before-answer"] as const;

/** Called at each named step of the kernel's journals. */
export type CrashPoint = (name: string) => void;

/** Obeys `PATCHBAY_CRASH_AT` as far as it concerns the kernel. */
export function crashPointFrom(value: string | undefined): CrashPoint {
  return crashAt(value, "kernel");
}
