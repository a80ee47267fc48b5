import { type FieldError, PanelError, type Schema, toFieldErrors } from "@patchbay/sdk";
import * as v from "valibot";

export { parseJsonBody } from "./body.ts";

function invalidInput(fields: readonly FieldError[]): PanelError {
  return new PanelError("INVALID_INPUT", { status: 400, message: "The request is not valid.", fields });
}

/**
 * The canonical form of an operation's input. Throws INVALID_INPUT (400) with one entry per broken rule, at most 20,
 * and never with a submitted value.
 */
export function parseInput<T>(schema: Schema<T>, raw: unknown): T {
  // To the library a list is an object too, and an empty one has no unknown fields.
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    throw invalidInput([{ field: "", code: "type", message: "must be an object" }]);
  }
  const result = v.safeParse(schema, raw);
  if (result.success) return result.output;
  throw invalidInput(toFieldErrors(result.issues));
}

/**
 * What an operation answers, checked against its own schema. A mismatch is a bug of the operation: a plain error, so
 * 500, that names the fields and not what they hold.
 */
export function parseOutput<T>(operation: { readonly id: string; readonly output: Schema<T> }, value: unknown): T {
  const result = v.safeParse(operation.output, value);
  if (result.success) return result.output;
  const broken = toFieldErrors(result.issues).map(
    ({ field, code }) => `${field === "" ? "data" : `data.${field}`} (${code})`,
  );
  throw new Error(`${operation.id} answered what its output schema refuses: ${broken.join(", ")}`);
}
