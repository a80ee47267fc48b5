import fc from "fast-check";
import { expect, it } from "vitest";
import { redact } from "./redact.ts";

it("hides declared fields and the usual names of secrets, at any depth", () => {
  const input = {
    name: "a",
    code: "1234",
    list: [{ code: 1, new_password: "p", api_token: "t", privateKey: 1 }],
    tokens: 3,
  };
  expect(redact(input, ["code", "privateKey"])).toEqual({
    name: "a",
    code: "***",
    list: [{ code: "***", new_password: "***", api_token: "***", privateKey: "***" }],
    tokens: 3,
  });
});

it("cuts what is long, deep or wide", () => {
  expect(redact({ a: "x".repeat(501) }, [])).toEqual({ a: `${"x".repeat(500)}…` });
  expect(redact({ a: { b: { c: { d: { e: { f: { g: 1 } } } } } } }, [])).toEqual({
    a: { b: { c: { d: { e: { f: "…" } } } } },
  });
  expect(
    redact(
      Array.from({ length: 200 }, (_, i) => i),
      [],
    ),
  ).toHaveLength(100);
  expect(redact(JSON.parse('{"__proto__":{"password":"x"}}'), [])).toEqual(
    JSON.parse('{"__proto__":{"password":"***"}}'),
  );
});

it("never lets a secret through and always answers JSON of bounded size", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.string(), (json, key) => {
      const text = JSON.stringify(redact({ wrap: [{ [key]: "S3CRET!", json }] }, [key]));
      expect(text).not.toContain("S3CRET!");
      expect(JSON.parse(text)).toBeDefined();
    }),
  );
});
