import { PanelError } from "@patchbay/sdk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJsonBody } from "./body.ts";

function refusal(text: string): PanelError {
  let thrown: unknown;
  try {
    parseJsonBody(text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PanelError);
  expect(thrown).toMatchObject({ code: "INVALID_BODY", status: 400 });
  expect((thrown as PanelError).cause).toBeUndefined();
  return thrown as PanelError;
}

describe("parseJsonBody", () => {
  test("reads one object", () => {
    expect(parseJsonBody(' {"a": [1, -2, 0.5, true, null, "x"], "b": {"a": "\\"}{[:,1e3"}}\n')).toEqual({
      a: [1, -2, 0.5, true, null, "x"],
      b: { a: '"}{[:,1e3' },
    });
    expect(parseJsonBody('{"id":9007199254740991,"\\\\":1,"\\\\\\"":2}')).toEqual({
      id: 9007199254740991,
      "\\": 1,
      '\\"': 2,
    });
  });

  test("an empty body is an object only when the caller says so", () => {
    expect(parseJsonBody("", { allowEmpty: true })).toEqual({});
    refusal("");
    refusal("   ");
  });

  test.each([
    "[]",
    "null",
    "1",
    '"a"',
    "{",
    '{"a":1}{"b":2}',
    '{"a":NaN}',
    "{'a':1}",
    '{"a":1,}',
    '{"a":01}',
    '\ufeff{"a":1}',
    "/**/{}",
  ])("refuses %s", (text) => {
    refusal(text);
  });

  test.each(['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"x":[{"b":{},"b":{}}]}', '{"a" : 1 , "b":2,\n"a"\t:3}'])(
    "refuses the duplicate key in %s",
    (text) => {
      expect(refusal(text).fields[0]).toMatchObject({ code: "format" });
    },
  );

  test("the same key in different objects is no duplicate", () => {
    expect(parseJsonBody('{"a":{"a":[{"a":"a"},{"a":"a"}]}}')).toEqual({ a: { a: [{ a: "a" }, { a: "a" }] } });
  });

  test.each(["__proto__", "constructor", "prototype", "\\u005f_proto__"])("refuses the key %s at any depth", (key) => {
    refusal(`{"${key}":{}}`);
    refusal(`{"a":[{"b":{"${key}":1}}]}`);
  });

  test.each([
    "9007199254740992",
    "-9007199254740993",
    "1e3",
    "1E3",
    "1.5e1",
    "9007199254740992.5",
    "0.12345678901234567",
    "1e999",
  ])("refuses the number %s", (number) => {
    refusal(`{"id":${number}}`);
    refusal(`{"list":[0,${number}]}`);
  });

  test("depth and number of keys are limited", () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    expect(parseJsonBody(nested(20))).toBeDefined();
    refusal(nested(21));
    refusal(`{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
    const wide = (keys: number) => `{${Array.from({ length: keys }, (_, i) => `"k${i}":0`).join(",")}}`;
    expect(Object.keys(parseJsonBody(wide(1000)))).toHaveLength(1000);
    refusal(wide(1001));
  });

  test("a refusal quotes nothing of the body", () => {
    const error = refusal('{"password":"hunter2-hunter2" oops');
    expect(JSON.stringify([error.message, error.fields, error.details])).not.toContain("hunter2");
    expect(refusal(`{"<script>${"x".repeat(99)}":1,"<script>${"x".repeat(99)}":1}`).fields[0]?.field).toMatch(
      /^\?script\?x+\.\.\.$/,
    );
  });

  test("what JSON writes is read back", () => {
    const leaf = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.maxSafeInteger().map((n) => (n === 0 ? 0 : n)),
      fc.boolean(),
      fc.constant(null),
    );
    const key = fc
      .string({ unit: "grapheme" })
      .filter((name) => !["__proto__", "constructor", "prototype"].includes(name));
    const tree = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.dictionary(key, tree, { maxKeys: 5, noNullPrototype: true }), fc.nat(3), (value, indent) => {
        expect(parseJsonBody(JSON.stringify(value, null, indent))).toEqual(value);
      }),
    );
  });
});
