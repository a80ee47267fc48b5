import * as sdk from "@patchbay/sdk";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { toJsonSchema } from "./json-schema.ts";

/** Every schema of the SDK, found by looking, so that a new one cannot be forgotten. */
function sdkSchemas(): [string, v.GenericSchema][] {
  const made: Record<string, unknown> = {
    ...sdk,
    "text()": sdk.text(1, 80),
    "multilineText()": sdk.multilineText(0, 500),
    "safeInt()": sdk.safeInt(0, 5),
    "queryInt()": sdk.queryInt(0, 5),
    "choice()": sdk.choice(["a", "b"]),
    "documentRoot()": sdk.documentRoot("/home/john"),
    "pathIn()": sdk.pathIn("/home/john"),
    "passwordFor()": sdk.passwordFor(["john"]),
  };
  return Object.entries(made).filter((entry): entry is [string, v.GenericSchema] => {
    const [name, value] = entry;
    return typeof value === "object" && value !== null && "~run" in value && name !== "manifestSchema";
  });
}

describe("toJsonSchema", () => {
  test.each(sdkSchemas())("%s says what it accepts", (_, schema) => {
    for (const mode of ["input", "output"] as const) {
      const { type, ...facts } = toJsonSchema(schema, mode);
      expect(type).toMatch(/^(?:string|integer|boolean)$/);
      const telling = ["format", "pattern", "minLength", "maxLength", "minimum", "maximum", "enum"];
      expect(type === "boolean" || Object.keys(facts).some((key) => telling.includes(key))).toBe(true);
    }
  });

  test("finds the schemas", () => {
    expect(sdkSchemas().length).toBeGreaterThanOrEqual(20);
  });

  test("an operation's input", () => {
    const input = v.strictObject({
      username: sdk.username,
      size: v.optional(sdk.safeInt(0, 9), 3),
      web: v.optional(sdk.choice(["nginx", "apache"])),
      reason: v.nullable(sdk.text(0, 9)),
      confirm: v.pipe(
        v.string(),
        v.trim(),
        v.check(() => true, sdk.rule("format", "x")),
      ),
      ...sdk.pageQuery,
    });
    expect(toJsonSchema(input)).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["username", "reason", "confirm"],
      properties: {
        username: { type: "string", pattern: "^[a-z][a-z0-9]{1,15}$", minLength: 2, maxLength: 16 },
        size: { type: "integer", minimum: 0, maximum: 9, default: 3 },
        web: { type: "string", enum: ["nginx", "apache"] },
        reason: { anyOf: [{ type: "string", maxLength: 9 }, { type: "null" }] },
        confirm: { type: "string" },
        page: { type: "integer", minimum: 1, default: 1 },
        per_page: { type: "integer", minimum: 1, default: 25 },
      },
    });
    expect(toJsonSchema(input)).not.toHaveProperty("$schema");
  });

  test("a recursive schema leaves no reference that leads nowhere", () => {
    const node: v.GenericSchema = v.object({ name: v.string(), children: v.lazy(() => v.array(node)) });
    const text = JSON.stringify(toJsonSchema(node));
    expect(text).not.toContain("$ref");
    expect(text).toContain('"children":{}');
  });
});
