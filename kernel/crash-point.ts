/** Steps of a change at which a crash must leave something the next start finishes. The reconciler has its own. */
export const changeCrashPoints = ["change:before-commit", "change:committed", "change:before-answer"] as const;

/** Called at each named step of the kernel's journals. */
export type CrashPoint = (name: string) => void;

/** Obeys `PATCHBAY_CRASH_AT`, `kernel:<step>[:n]`: the kernel kills itself the n-th time it reaches that step. */
export function crashPointFrom(value: string | undefined): CrashPoint {
  const match = /^kernel:(.+?)(?::(\d+))?$/.exec(value ?? "");
  if (match === null) return () => undefined;
  let left = Number(match[2] ?? 1);
  return (name) => {
    if (name !== match[1]) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}
