import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./wait.ts";

/** The file that tells a running instance at which step to die. */
export class CrashPlan {
  readonly #file: string;

  constructor(dir: string) {
    const folder = join(dir, "crash");
    mkdirSync(folder);
    this.#file = join(folder, "plan");
    // The kernel, another user, writes both.
    for (const file of [this.#file, `${this.#file}.log`]) {
      writeFileSync(file, "");
      chmodSync(file, 0o666);
    }
  }

  /** For `patchbay up`. */
  get env(): { PATCHBAY_CRASH_AT: string } {
    return { PATCHBAY_CRASH_AT: `@${this.#file}` };
  }

  arm(...points: readonly string[]): void {
    writeFileSync(this.#file, points.join("\n"));
  }

  /** True when every point that was armed has been reached. */
  get isObeyed(): boolean {
    return readFileSync(this.#file, "utf8") === "";
  }

  /** Every step that is reached while `work` runs, `helper:<step>:<n>`, in order. */
  async record(work: () => Promise<unknown>): Promise<string[]> {
    const log = `${this.#file}.log`;
    writeFileSync(log, "");
    this.arm("record");
    await work();
    await until("the reconciler to end its pass", () =>
      readFileSync(log, "utf8").includes("kernel:reconcile:finished"),
    );
    this.arm();
    const seen = new Map<string, number>();
    return readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .map((step) => {
        const nth = (seen.get(step) ?? 0) + 1;
        seen.set(step, nth);
        return `${step}:${nth}`;
      });
  }
}

/** Of each step the first and the last time it is reached. */
export function firstAndLast(points: readonly string[]): readonly string[] {
  const stepOf = (point: string) => point.replace(/:\d+$/, "");
  return points.filter((point) => {
    const same = points.filter((other) => stepOf(other) === stepOf(point));
    return same[0] === point || same.at(-1) === point;
  });
}
