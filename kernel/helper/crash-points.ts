import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

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
  "apply.rollback:after-start",
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
 * Reads `PATCHBAY_CRASH_AT`. `<process>:<step>[:n]`: that process, `helper` or `kernel`, kills itself the n-th time it
 * reaches the step. `@<file>`: at every step the first line of a file is looked at for the same text, so that a running
 * instance can be told; who obeys a line removes it, so that the next one counts. While the line is `record` every step is
 * noted in `<file>.log`. Everything else, also no value at all, does nothing.
 */
export function crashAt(value: string | undefined, self: "helper" | "kernel" = "helper"): (step: string) => void {
  if (value?.startsWith("@")) return crashByFile(value.slice(1), self);
  const plan = readPlan(value ?? "", self);
  if (plan === undefined) return () => {};
  let left = plan.nth;
  return (step) => {
    if (step !== plan.step) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}

function crashByFile(file: string, self: "helper" | "kernel"): (step: string) => void {
  let line = "";
  let left = 0;
  return (step) => {
    const [told = "", ...next] = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    const plan = readPlan(told, self);
    if (told !== line) left = plan?.nth ?? 0;
    line = told;
    if (told === "record") appendFileSync(`${file}.log`, `${self}:${step}\n`);
    if (step !== plan?.step) return;
    left -= 1;
    if (left > 0) return;
    writeFileSync(file, next.join("\n"));
    process.kill(process.pid, "SIGKILL");
  };
}

function readPlan(text: string, self: string): { step: string; nth: number } | undefined {
  const [, who, step = "", nth = "1"] = /^(\w+):(.+?)(?::(\d+))?$/.exec(text) ?? [];
  return who === self ? { step, nth: Number(nth) } : undefined;
}
