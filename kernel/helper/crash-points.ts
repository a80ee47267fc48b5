/** Every step at which a crash must leave something that the next start mends. */
export const helperCrashPoints = [
  "apply.stage:before",
  "apply.stage:after-file",
  "apply.stage:after",
  "apply.test:after-shadow",
  "apply.swap:before",
  "apply.swap:after-backup",
  "apply.swap:after-journal",
  "apply.swap:after-rename",
  "apply.swap:after",
  "apply.activate:after-journal",
  "apply.activate:after-service",
  "apply.activate:after",
  "apply.commit:before",
  "apply.commit:after-journal",
  "apply.commit:after",
  "apply.rollback:before",
  "apply.rollback:after-restore",
  "apply.rollback:after-files",
  "apply.rollback:after-services",
  "apply.rollback:after-journal",
  "service.start:before-spawn",
  "service.start:after-spawn",
  "account.ensure:after-home",
  "account.remove:after-mark",
  "account.remove:after-tar",
  "account.remove:after-archive",
  "account.remove:after-purge",
  "account.remove:after-home",
] as const;

export type HelperStep = (typeof helperCrashPoints)[number];

/** Called when a step is reached. */
export type OnStep = (step: HelperStep) => void;

/**
 * Reads `PATCHBAY_CRASH_AT`, `helper:<step>[:n]`: the helper kills itself the n-th time it reaches that step. Everything
 * else, also no value at all, does nothing.
 */
export function crashAt(value: string | undefined): OnStep {
  const match = /^helper:(.+?)(?::(\d+))?$/.exec(value ?? "");
  if (match === null) return () => {};
  let left = Number(match[2] ?? 1);
  return (step) => {
    if (step !== match[1]) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}
