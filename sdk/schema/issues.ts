import * as v from "valibot";
import { type FieldError, PanelError } from "../errors.ts";
import { type RuleCode, ruleCodes } from "./rule.ts";

type Issue = v.BaseIssue<unknown>;

const maxFieldLength = 64;

const typeWords: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  strict_object: "an object",
  loose_object: "an object",
  record: "an object",
  null: "null",
};

/** Checks whose number belongs to the schema, with the rule and its words before and after that number. */
const limitWords: Readonly<Record<string, readonly [RuleCode, string, string]>> = {
  min_value: ["range", "must be at least ", ""],
  max_value: ["range", "must be at most ", ""],
  gt_value: ["range", "must be more than ", ""],
  lt_value: ["range", "must be less than ", ""],
  multiple_of: ["range", "must be a multiple of ", ""],
  min_length: ["length", "must have at least ", " characters or entries"],
  max_length: ["length", "must have at most ", " characters or entries"],
  length: ["length", "must have ", " characters or entries"],
  min_entries: ["length", "must have at least ", " entries"],
  max_entries: ["length", "must have at most ", " entries"],
};

/**
 * A name as it may stand in an answer. Names of unknown fields are submitted text too, so they are cut to 64 characters
 * and everything but letters, digits, `_`, `-` and `.` is replaced.
 */
export function safeFieldName(name: string): string {
  const printable = name.slice(0, maxFieldLength + 1).replace(/[^A-Za-z0-9_.-]/g, "?");
  return printable.length > maxFieldLength ? `${printable.slice(0, maxFieldLength - 3)}...` : printable;
}

function describe(issue: Issue): readonly [RuleCode, string] {
  const colon = issue.message.indexOf(": ");
  const code = ruleCodes.find((known) => known === issue.message.slice(0, colon));
  if (code !== undefined) return [code, issue.message.slice(colon + 2)];
  if (issue.path?.at(-1)?.origin === "key" && issue.kind === "schema") return describeKey(issue);
  const limit = limitWords[issue.type];
  if (limit && typeof issue.requirement === "number") return [limit[0], `${limit[1]}${issue.requirement}${limit[2]}`];
  if (issue.type === "integer" || issue.type === "safe_integer") return ["type", "must be a whole number"];
  if (issue.type === "non_empty") return ["length", "must not be empty"];
  if (["picklist", "enum", "literal", "variant"].includes(issue.type))
    return ["choice", "must be one of the known values"];
  const type = issue.kind === "schema" ? typeWords[issue.type] : undefined;
  return type === undefined ? ["format", "does not have the right form"] : ["type", `must be ${type}`];
}

function describeKey(issue: Issue): readonly [RuleCode, string] {
  return issue.expected === "never" ? ["unknown", "is not a field of this request"] : ["required", "must be given"];
}

/** What is wrong in the words of an answer: one entry per broken rule, at most 20, none of them with the value. */
export function toFieldErrors(issues: readonly Issue[]): FieldError[] {
  return issues.slice(0, 20).map((issue) => {
    const field = safeFieldName((issue.path ?? []).map((item) => String(item.key)).join("."));
    const [code, message] = describe(issue);
    return { field, code, message };
  });
}

/**
 * Checks one value against a schema that is known only inside a handler, `documentRoot(account.home)`. Throws
 * INVALID_INPUT (400) that names `field`.
 *
 * @example
 * const rootOf = (home: string, wanted: string) => parseField("document_root", documentRoot(home), wanted);
 */
export function parseField<T>(field: string, schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const fields = toFieldErrors(result.issues).map((error) => ({
    ...error,
    field: error.field === "" ? field : `${field}.${error.field}`,
  }));
  throw new PanelError("INVALID_INPUT", { status: 400, message: "The request is not valid.", fields });
}
