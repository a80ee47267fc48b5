import type { Schema } from "@patchbay/sdk";
import * as v from "valibot";
import { describeAs, type JsonSchema } from "../operations/json-schema.ts";
import type { DescribedOperation } from "./protocol.ts";

/** An id in a query is text, in a body a number: what the owner is looked up by must be the same in both. */
const idOf = {
  GET: v.pipe(v.string(), v.regex(/^[1-9]\d{0,14}$/, "format: must be an id"), v.transform(Number)),
  body: v.pipe(v.number(), v.safeInteger()),
};

/**
 * The input of a guest's operation. Only the plugin has the schema, and parses strictly; the kernel takes any fields, but
 * looks at the one that says whose object it is about.
 */
export function describedInput({ access, input, method }: DescribedOperation): Schema {
  const from = access.object?.from;
  const id = method === "GET" ? idOf.GET : idOf.body;
  const fields = from === undefined ? {} : { [from]: v.optional(v.nullable(id)) };
  return describeAs(v.looseObject(fields), input);
}

/** What a guest answers: parsed by the plugin. */
export function describedOutput(schema: JsonSchema): Schema {
  return describeAs(v.unknown(), schema);
}

/** A text as far as its JSON Schema tells: choices, length, pattern. The plugin reads it through its own schema. */
export function describedText(schema: JsonSchema): Schema<string> {
  const { const: only, enum: choices, maxLength, minLength, pattern } = schema;
  const known = Array.isArray(choices) ? choices : only === undefined ? undefined : [only];
  const expression = typeof pattern === "string" ? compile(pattern) : undefined;
  const checked = v.pipe(
    v.string(),
    v.check((text) => known === undefined || known.includes(text), "choice: must be one of the known values"),
    v.check((text) => typeof minLength !== "number" || text.length >= minLength, "length: is too short"),
    v.check((text) => text.length <= (typeof maxLength === "number" ? maxLength : longestText), "length: is too long"),
    v.check(
      (text) => text.length > longestMatched || expression?.test(text) !== false,
      "format: does not have the right form",
    ),
  );
  return describeAs(checked, schema);
}

const longestText = 65_536;
/** With more of these an expression could look at a text for longer than the panel has. */
const mostRepeats = 2;
const longestMatched = 256;

/**
 * The expression comes from the plugin, and runs here: one that could take long is left to the plugin, as is one that is none.
 */
function compile(pattern: string): RegExp | undefined {
  const repeats = pattern.match(/[*+]|\{\d*,\d*\}/g) ?? [];
  if (repeats.length > mostRepeats || /\)(?:[*+]|\{)|\\[1-9k]|\(\?/.test(pattern)) return undefined;
  try {
    return new RegExp(pattern, "u");
  } catch {
    return undefined;
  }
}
