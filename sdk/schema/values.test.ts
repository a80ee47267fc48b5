import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { commonPasswordCount } from "./common-passwords.ts";
import * as schemas from "./index.ts";

type AnySchema = v.GenericSchema<unknown, unknown>;

function accepts(schema: AnySchema, pairs: readonly (readonly [unknown, unknown])[]): void {
  expect(pairs.map(([input]) => v.parse(schema, input))).toEqual(pairs.map(([, output]) => output));
}

function refuses(schema: AnySchema, inputs: readonly unknown[]): void {
  expect(inputs.filter((input) => v.safeParse(schema, input).success)).toEqual([]);
}

function codeOf(schema: AnySchema, input: unknown): string | undefined {
  return schemas.toFieldErrors(v.safeParse(schema, input).issues ?? [])[0]?.code;
}

describe("values", () => {
  test("numbers", () => {
    accepts(schemas.safeInt(0, 10), [
      [0, 0],
      [-0, 0],
      [10, 10],
    ]);
    refuses(schemas.safeInt(0, 10), [11, -1, 1.5, "1", true, null, Number.NaN]);
    expect(codeOf(schemas.safeInt(0, 10), 11)).toBe("range");
    accepts(schemas.objectId, [
      [1, 1],
      [2 ** 53 - 1, 2 ** 53 - 1],
    ]);
    refuses(schemas.objectId, [0, 2 ** 53]);
    accepts(schemas.queryInt(-5, 100), [
      ["25", 25],
      [25, 25],
      ["0", 0],
      ["-5", -5],
    ]);
    refuses(schemas.queryInt(-5, 100), [" 80 ", "1e1", "+1", "01", "-0", "0x10", "1.0", "", "٨٠", ["8"], "8\n", null]);
  });

  test("yes and no", () => {
    for (const value of [true, 1, "1", "true"]) expect(v.parse(schemas.flag, value)).toBe(true);
    for (const value of [false, 0, "0", "false"]) expect(v.parse(schemas.flag, value)).toBe(false);
    refuses(schemas.flag, ["yes", "TRUE", 2, null, undefined, "", []]);
    accepts(schemas.queryBool, [
      ["1", true],
      ["false", false],
      [true, true],
    ]);
    refuses(schemas.queryBool, [1, "on", ""]);
  });

  test("pages", () => {
    const query = v.strictObject({ ...schemas.pageQuery });
    expect(v.parse(query, {})).toEqual({ page: 1, per_page: 25 });
    expect(v.parse(query, { page: "3", per_page: "1000" })).toEqual({ page: 3, per_page: 100 });
    refuses(query, [{ page: "0" }, { per_page: "-1" }, { per_page: "0" }, { page: "1; DROP TABLE" }, { sort: "id" }]);
  });

  test("text", () => {
    accepts(schemas.text(1, 3), [
      ["abc", "abc"],
      ["👍👍👍", "👍👍👍"],
      ["<b>", "<b>"],
    ]);
    refuses(schemas.text(1, 3), ["", "abcd", " a", "a ", "a\nb", "a\0", "\u202ea", "\u2066a", "\ud800", "a\u2028"]);
    accepts(schemas.multilineText(0, 9), [
      ["a\r\nb\tc", "a\nb\tc"],
      ["", ""],
    ]);
    refuses(schemas.multilineText(0, 9), ["a\rb", "a\u0007", "\na", "a".repeat(10)]);
  });

  test("dates", () => {
    accepts(schemas.isoDate, [["2024-02-29", "2024-02-29"]]);
    refuses(schemas.isoDate, ["2023-02-29", "2024-13-01", "2024-1-1", "2024-01-01T00:00:00Z", 20240101]);
    expect(schemas.toIso(Date.UTC(2026, 5, 8, 10, 0, 0, 987))).toBe("2026-06-08T10:00:00Z");
    expect(v.parse(schemas.timestamp, schemas.toIso(0))).toBe("1970-01-01T00:00:00Z");
  });

  test("phpVersion and choice", () => {
    accepts(schemas.phpVersion, [["8.2", "8.2"]]);
    refuses(schemas.phpVersion, ["8", "8.2.1", "8.10", "८.२", 8.2]);
    expect(codeOf(schemas.choice(["nginx", "apache"]), "caddy")).toBe("choice");
  });
});

describe("passwords", () => {
  test("common ones are refused in any case of letters", () => {
    expect(commonPasswordCount).toBeGreaterThanOrEqual(100);
    refuses(schemas.password, [
      "Password123",
      "QWERTYUIOP",
      "Nova2026!!",
      "Patchbay-2026",
      "!!Admin12345!!",
      "changeme99",
    ]);
    accepts(schemas.password, [
      ["Tr0ub4dor&3", "Tr0ub4dor&3"],
      ["\tpaßwørt\t", "\tpaßwørt\t"],
    ]);
  });

  test("length counts bytes", () => {
    accepts(schemas.password, [
      ["日本語", "日本語"],
      ["x".repeat(256), "x".repeat(256)],
    ]);
    refuses(schemas.password, ["1234567", "é".repeat(129)]);
  });

  test("passwordFor refuses what is built from a name", () => {
    const schema = schemas.passwordFor(["john", "example.com"]);
    refuses(schema, ["JOHN12345", "johnjohnjohn", "1john2john3", "example.com1", "password1234"]);
    accepts(schema, [["correct john battery", "correct john battery"]]);
  });
});
