import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type IniSection, isIniValue, renderIni } from "./ini.ts";
import { readWithPhp } from "./testing/read-with-php.ts";

/** Reads ini as PHP's scanner does, as far as it matters here: no expansion in single quotes, joined strings. */
function parseIni(text: string): IniSection[] {
  const sections: { name: string; entries: [string, string][] }[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const head = /^\[([^\]]*)\]$/.exec(line);
    if (head) sections.push({ name: head[1] ?? "", entries: [] });
    else sections.at(-1)?.entries.push(parseEntry(line));
  }
  return sections;
}

function parseEntry(line: string): [string, string] {
  const at = line.indexOf(" = ");
  let rest = line.slice(at + 3);
  let value = "";
  while (rest !== "") {
    const part = /^(?:'([^']*)'|"([^"\\$]*)")/.exec(rest);
    if (!part) throw new Error("not an ini value");
    value += part[1] ?? part[2];
    rest = rest.slice(part[0].length);
  }
  return [line.slice(0, at), value];
}

const hostile = fc
  .oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({
      unit: fc.constantFrom("'", '"', "$", "{", "}", "\\", ";", "#", "=", "[", "]", " ", "|", "&", "!", "^", "~", "("),
    }),
  )
  .filter(isIniValue);

describe("renderIni", () => {
  it("is read back as it was", () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 6 }), (values) => {
        const entries = values.map((value, at) => [`php_admin_value[k${at}]`, value] as const);
        const sections = [{ name: "john", entries }];
        expect(parseIni(renderIni(sections))).toEqual(sections);
      }),
      { numRuns: 3000 },
    );
  });

  it("is read by php-fpm itself as it was", () => {
    const fixed = [
      "yes",
      "none",
      "null",
      "1 | 2",
      "${HOME}",
      "a'b\"c",
      "'",
      '"',
      "''\"'",
      "\\",
      "\\'",
      "a;b",
      "a#b",
      "[x]",
      "=",
      "!1",
      " a ",
    ];
    const values = [...fixed, ...fc.sample(hostile, { numRuns: 300, seed: 7 }).filter((value) => value !== "")];
    expect(readWithPhp(values)).toEqual(values);
  });

  it("refuses what would end a line, a section or a key", () => {
    expect(() => renderIni([{ name: "a", entries: [["k", "a\nb"]] }])).toThrow(RangeError);
    expect(() => renderIni([{ name: "a]\n[b", entries: [] }])).toThrow(RangeError);
    expect(() => renderIni([{ name: "a", entries: [["k = 1\nl", "x"]] }])).toThrow(RangeError);
  });
});
