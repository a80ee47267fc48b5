import type { SqlValue } from "@patchbay/sdk";

/** Most values that one list holds. Longer ones are read in parts of this size. */
export const maxInList = 128;

const sizes = [1, 8, 32, maxInList] as const;

/**
 * Placeholders for `IN (…)`, their number rounded up so that few statement texts exist and each stays prepared. The list is
 * filled with its last value, which changes nothing in a set.
 */
export function inList(values: readonly SqlValue[]): { placeholders: string; params: readonly SqlValue[] } {
  const last = values.at(-1);
  const size = sizes.find((candidate) => candidate >= values.length);
  if (last === undefined || size === undefined) throw new RangeError(`a list holds 1 to ${maxInList} values`);
  const params = [...values, ...Array<SqlValue>(size - values.length).fill(last)];
  return { placeholders: params.map(() => "?").join(","), params };
}

/** Splits into parts that fit `inList`. */
export function inParts<T>(values: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < values.length; start += maxInList) parts.push(values.slice(start, start + maxInList));
  return parts;
}
