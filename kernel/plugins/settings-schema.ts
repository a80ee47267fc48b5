import type { Setting } from "@patchbay/sdk";
import { type JsonSchema, toJsonSchema } from "../operations/json-schema.ts";

/** JSON Schema of a plugin's settings, to make a form of. A secret can be written and never read. */
export function settingsSchema(settings: ReadonlyMap<string, Setting>): JsonSchema {
  const properties = [...settings].map(([key, { title, schema, secret, default: fallback }]) => [
    key,
    { ...toJsonSchema(schema), title, ...(secret === true ? { writeOnly: true } : { default: fallback }) },
  ]);
  return { type: "object", additionalProperties: false, properties: Object.fromEntries(properties) as JsonSchema };
}
