import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

/** What a run of a suite has shown of a backend. The capability matrix is made of these. */
export interface ConformanceRecord {
  /** How many cases there were, all passed. */
  readonly cases: number;
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** What was done to it that it came through, sorted. */
  readonly survived: readonly Hardship[];
}

/**
 * What a suite does to the world of a backend. `drift`: another hand changes it. `kill`: its daemon is killed. `full-disk`: there
 * is no space. `cut-off`: it cannot be reached.
 */
export type Hardship = "drift" | "kill" | "full-disk" | "cut-off";

/**
 * Compares the record beside the backend with this run. With `PATCHBAY_RECORD=1` in the environment it is written instead,
 * which only a run without a failure gets to.
 */
export function checkRecord(file: string, shown: ConformanceRecord): void {
  const text = `${JSON.stringify(shown, null, 2)}\n`;
  if (process.env["PATCHBAY_RECORD"] === "1") writeFileSync(file, text);
  expect(
    existsSync(file) ? readFileSync(file, "utf8") : "no record",
    `run with PATCHBAY_RECORD=1 to write ${file}`,
  ).toBe(text);
}

/** Which of all capabilities a subject claims. */
export function claimed<C extends string>(
  all: Readonly<Record<C, unknown>>,
  claims: Readonly<Partial<Record<C, unknown>>>,
): Readonly<Record<string, boolean>> {
  return Object.fromEntries(Object.keys(all).map((id) => [id, claims[id as C] !== undefined]));
}
