import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isQuotable, quote } from "./quote.ts";
import { parseNginx, SyntaxFault } from "./syntax.ts";

/** Values that tenants choose, and worse. */
const hostile = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom("$", "{", "}", '"', "'", "\\", ";", "#", " ", "n", "t", "(", "|", "~", "é", "\u{1f600}"),
  }),
);

/** What nginx makes of a word when the variable of the dollar sign is the only one. */
function expand(word: string): string {
  return word.replaceAll("${pb_d}", "$");
}

describe("quote", () => {
  it("comes out as one word with the same value, whatever the value", () => {
    fc.assert(
      fc.property(hostile.filter(isQuotable), hostile.filter(isQuotable), (key, value) => {
        const [directive, ...rest] = parseNginx(`${quote(key)} ${quote(value)};`);
        expect(rest).toEqual([]);
        expect(directive?.block).toBeNull();
        expect(directive?.words.map(expand)).toEqual([key, value]);
        expect(quote(value).replaceAll("${pb_d}", "")).not.toContain("$");
      }),
      { numRuns: 5000 },
    );
  });

  it("refuses what no quoting can carry", () => {
    for (const text of ["a\nb", "a\rb", "\0", "\u007f", "\ud800"]) expect(() => quote(text)).toThrow(RangeError);
  });
});

describe("parseNginx", () => {
  it("reads words, quotes, comments and blocks as nginx does", () => {
    const text = 'a "b;c" \'d\\\'e\' f\\;g; # x {\nif ($h = "i") { return 200 ${j}k#l; }';
    const inner = { words: ["return", "200", "${j}k#l"], block: null, end: text.length - 2 };
    expect(parseNginx(text)).toEqual([
      { words: ["a", "b;c", "d'e", "f\\;g"], block: null, end: text.indexOf(" #") },
      { words: ["if", "($h", "=", "i", ")"], block: [inner], end: text.length },
    ]);
  });

  it("refuses what does not end", () => {
    for (const text of ["a", "a {", "}", "a; }", 'a "b', "{", ";", 'a "b"c;', "a }"]) {
      expect(() => parseNginx(text)).toThrow(SyntaxFault);
    }
  });
});
