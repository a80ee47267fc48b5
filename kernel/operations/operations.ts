import { defineQuery, type Operation } from "@patchbay/sdk";
import * as v from "valibot";
import type { Outcomes } from "./outcome.ts";

const outcomeView = v.strictObject({
  operation_id: v.string(),
  action: v.string(),
  state: v.picklist(["queued", "running", "done", "failed", "undone"]),
  progress: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  steps: v.array(v.strictObject({ name: v.string(), state: v.string(), message: v.string() })),
  error: v.nullable(v.string()),
});

/** Operations about operations: how a change that was answered with 202 ended. */
export function outcomeOperations(outcomes: Outcomes): readonly Operation[] {
  return [
    defineQuery({
      id: "operations.get",
      summary: "State of a change that was answered with 202",
      access: { callers: "session" },
      rate: "standard",
      input: v.strictObject({ id: v.pipe(v.string(), v.uuid("must be an operation id")) }),
      output: outcomeView,
      errors: ["NOT_FOUND"],
      handle: ({ id }, { read, principal }) => outcomes.view(read, id, principal),
    }),
  ];
}
