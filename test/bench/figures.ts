/** What repeated measurements came to. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** Median, smallest and largest of measurements. Throws when there are none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new Error("nothing was measured");
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? max;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? min) + upper) / 2;
  return { median, min, max, rounds: values.length };
}

/** `0.43 [0.40–0.51]`. */
export function show(spread: Spread, digits: number, unit = ""): string {
  const text = (value: number) => value.toFixed(digits);
  return `${text(spread.median)}${unit} [${text(spread.min)}–${text(spread.max)}]`;
}

/** One line of the report. */
export interface Row {
  readonly what: string;
  readonly result: string;
  /** Empty for a figure that explains another one. */
  readonly aim: string;
  /** Undefined without an aim. */
  readonly met: boolean | undefined;
}

/** A figure with an aim. */
export function judged(what: string, result: string, aim: string, met: boolean): Row {
  return { what, result, aim, met };
}

/** A figure that only explains. */
export function noted(what: string, result: string): Row {
  return { what, result, aim: "", met: undefined };
}
