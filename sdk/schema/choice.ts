import * as v from "valibot";
import { rule } from "./rule.ts";

/** One of a closed set of values. The answer to anything else lists the set, not what was sent. */
export function choice<const T extends readonly (string | number)[]>(options: T) {
  return v.picklist(options, rule("choice", `must be one of ${options.join(", ")}`));
}
