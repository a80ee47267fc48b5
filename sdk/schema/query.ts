import * as v from "valibot";
import { toBoolean } from "./flag.ts";
import { toSafeInt } from "./numbers.ts";
import { broken, canonical } from "./rule.ts";

const decimal = /^(?:0|-?[1-9][0-9]{0,15})$/;

function toNumber(value: unknown): unknown {
  return typeof value === "string" && decimal.test(value) ? Number(value) : value;
}

/**
 * A whole number of a query string, `min` to `max` inclusive: plain decimal digits and nothing else. Numbers are taken
 * too, for callers inside the panel.
 */
export function queryInt(min: number, max: number) {
  return canonical({ type: "integer", minimum: min, maximum: max }, (value) => toSafeInt(toNumber(value), min, max));
}

/** The id of an object in a query string. */
export const queryId = queryInt(1, Number.MAX_SAFE_INTEGER);

/** A yes or no of a query string: `1`, `0`, `true` or `false`. */
export const queryBool = canonical({ type: "boolean" }, (value) => {
  const answer = typeof value === "number" ? undefined : toBoolean(value);
  return answer ?? broken("type", "must be true or false");
});

/**
 * Entries for the input of an operation that answers pages: `page` from 1, `per_page` 25; more than 100 per page is
 * answered with 100.
 *
 * @example
 * input: v.strictObject({ ...pageQuery, search: v.optional(text(1, 80)) })
 */
export const pageQuery = {
  page: v.optional(queryInt(1, 1_000_000), 1),
  per_page: v.optional(
    canonical(
      { type: "integer", minimum: 1, description: "Entries per page; more than 100 counts as 100" },
      (value) => {
        const wanted = toSafeInt(toNumber(value), 1, Number.MAX_SAFE_INTEGER);
        return typeof wanted === "number" ? Math.min(wanted, 100) : wanted;
      },
    ),
    25,
  ),
};
