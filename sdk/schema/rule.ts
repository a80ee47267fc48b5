import * as v from "valibot";

/** Machine words for the rules of input fields, as they stand in `FieldError.code`. */
export const ruleCodes = ["required", "type", "format", "range", "length", "unknown", "choice"] as const;
/** Machine word of a rule. */
export type RuleCode = (typeof ruleCodes)[number];

/**
 * The message of a valibot schema or action: the machine word of the rule and the rule in words, which follow the name
 * of the field (`must be …`). Messages without it are replaced by a general one, because the library's own messages
 * repeat the submitted value.
 *
 * @example
 * const initials = v.pipe(text(1, 40), v.regex(/^[A-Z]+$/, rule("format", "must have capital letters only")));
 */
export function rule(code: RuleCode, words: string): string {
  return `${code}: ${words}`;
}

/** The rule that a value broke. */
export interface Broken {
  readonly code: RuleCode;
  /** What the value must be. Never the value. */
  readonly words: string;
}

/** Says which rule a value broke. */
export function broken(code: RuleCode, words: string): Broken {
  return { code, words };
}

/** True for what `broken` made. */
export function isBroken(result: unknown): result is Broken {
  return typeof result === "object" && result !== null && "words" in result;
}

/** JSON Schema keywords that describe what a schema accepts, for forms and OpenAPI. */
export type JsonSchemaFacts = Readonly<Record<string, unknown>>;

type Scalar = string | number | boolean;

/**
 * A schema that turns any value into its canonical form. `read` answers that form or the rule that was broken; it must
 * be idempotent, because input is parsed again after every transform hook.
 */
export function canonical<T extends Scalar>(
  facts: JsonSchemaFacts,
  read: (value: unknown) => T | Broken,
): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.unknown(),
    // Before the transformation: the JSON Schema converter stops there.
    v.metadata({ ...facts }),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const result = read(dataset.value);
      if (!isBroken(result)) return result;
      addIssue({ message: rule(result.code, result.words) });
      return NEVER;
    }),
  );
}

/** As `canonical`, for strings. */
export function canonicalString(
  facts: JsonSchemaFacts,
  read: (value: string) => string | Broken,
): v.GenericSchema<unknown, string> {
  return canonical({ type: "string", ...facts }, (value) =>
    typeof value === "string" ? read(value) : broken("type", "must be a string"),
  );
}
