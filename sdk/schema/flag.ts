import { broken, canonical } from "./rule.ts";

const spellings: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ["1", true],
  ["true", true],
  [false, false],
  [0, false],
  ["0", false],
  ["false", false],
]);

/** The boolean that a value spells, or undefined. */
export function toBoolean(value: unknown): boolean | undefined {
  return spellings.get(value);
}

/** A yes or no of a JSON body: `true`, `false`, `1`, `0`, or one of these as a string. */
export const flag = canonical(
  { type: "boolean" },
  (value) => toBoolean(value) ?? broken("type", "must be true or false"),
);
