import type { Schema } from "@patchbay/sdk";
import { type ConversionConfig, toJsonSchema as convert } from "@valibot/to-json-schema";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Recursive schemas become "anything": a reference into this schema would dangle where the result is embedded. */
const config: ConversionConfig = {
  target: "draft-2020-12",
  // Checks and transformations have no JSON Schema form; what they mean stands in the metadata of the SDK's schemas.
  errorMode: "ignore",
  overrideSchema: ({ valibotSchema }) => (valibotSchema.type === "lazy" ? {} : undefined),
};

/** On a schema whose JSON Schema is known without looking into it. */
const described = Symbol("patchbay.described");

/** The same schema, with this as its JSON Schema: of a plugin in a process of its own the kernel has only the description. */
export function describeAs<S extends Schema>(schema: S, json: JsonSchema): S {
  return { ...schema, [described]: json };
}

/**
 * JSON Schema 2020-12 of what a schema accepts (`input`) or returns (`output`), without `$schema`, to embed in forms
 * and OpenAPI. Never throws: a rule that cannot be expressed is left out.
 */
export function toJsonSchema(schema: Schema, mode: "input" | "output" = "input"): JsonSchema {
  const known = (schema as { readonly [described]?: JsonSchema })[described];
  if (known) return known;
  const {
    $schema: _dialect,
    $defs: _recursive,
    ...rest
  } = convert(schema as Parameters<typeof convert>[0], {
    ...config,
    typeMode: mode,
  });
  return rest;
}
