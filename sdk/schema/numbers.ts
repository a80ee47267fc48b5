import { type Broken, broken, canonical } from "./rule.ts";

/** `value` when it is a safe integer in the range, or the rule it breaks. */
export function toSafeInt(value: unknown, min: number, max: number): number | Broken {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return broken("type", "must be a whole number");
  if (value < min || value > max) return broken("range", `must be from ${min} to ${max}`);
  // -0 prints as 0 but is not equal to it everywhere.
  return value === 0 ? 0 : value;
}

/** A whole number of a JSON body, `min` to `max` inclusive. Strings and fractions are refused. */
export function safeInt(min: number, max: number) {
  return canonical({ type: "integer", minimum: min, maximum: max }, (value) => toSafeInt(value, min, max));
}

/** The id of an object in a JSON body. */
export const objectId = safeInt(1, Number.MAX_SAFE_INTEGER);
