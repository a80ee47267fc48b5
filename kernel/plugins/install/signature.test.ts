import * as fc from "fast-check";
import { expect, it } from "vitest";
import { checkSignature, generateSigningKey, signFiles } from "./signature.ts";

const key = generateSigningKey();
const hash = fc.nat(3).map((digit) => String(digit).repeat(64));
const files = fc
  .dictionary(fc.string({ minLength: 1 }), hash, { minKeys: 1, maxKeys: 8 })
  .map((record) => new Map(Object.entries(record)));

it("holds for what was signed, in whatever order, and names the key", () => {
  fc.assert(
    fc.property(files, (some) => {
      const signed = new Map([...some, ["__proto__", "ab".repeat(32)]]);
      const shuffled = new Map([...signed].reverse());
      expect(checkSignature(signFiles(signed, key.private), shuffled)).toEqual({ key: key.public });
    }),
  );
});

it("does not hold for any other files", () => {
  fc.assert(
    fc.property(files, files, (signed, other) => {
      const same = signed.size === other.size && [...signed].every(([path, one]) => other.get(path) === one);
      expect("key" in checkSignature(signFiles(signed, key.private), other)).toBe(same);
    }),
  );
});

it("does not hold when one character of it is another", () => {
  const signed = new Map([["index.js", "ab".repeat(32)]]);
  const text = signFiles(signed, key.private);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom("0", "A", "_", '"', " "), (at, character) => {
      const changed = `${text.slice(0, at)}${character}${text.slice(at + 1)}`;
      const verdict = checkSignature(changed, signed);
      // White space between the parts is no part of what is signed.
      if (JSON.stringify(parsed(changed)) !== JSON.stringify(JSON.parse(text)))
        expect(verdict).toHaveProperty("problems");
    }),
    { numRuns: 500 },
  );
});

it("does not take another's key for the one that signed", () => {
  const signed = new Map([["index.js", "ab".repeat(32)]]);
  const text = signFiles(signed, key.private).replace(key.public, generateSigningKey().public);
  expect(checkSignature(text, signed)).toMatchObject({ problems: [expect.stringContaining("forged")] });
  expect(() => signFiles(signed, "no key")).toThrow();
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
