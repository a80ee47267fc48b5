import type { SiteUnit } from "@patchbay/web/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { corpusItems } from "../../test/corpora/corpus.ts";
import { isQuotable, quote, quoteForMacro } from "./quote.ts";
import { parseApache, SyntaxFault } from "./syntax.ts";
import { createLiveHost, type LiveHost } from "./testing/live-host.ts";

const letters = [
  "$",
  "{",
  "}",
  '"',
  "'",
  "\\",
  ";",
  "#",
  " ",
  "%",
  "<",
  ">",
  "(",
  "|",
  "@",
  "&",
  "n",
  "1",
  "é",
  "?",
  "*",
];
const words = [
  "${PATH}",
  "${PB_D}",
  "@{target}",
  "%{name}",
  "@{root}",
  "%{HTTP_HOST}",
  "</Macro>",
  "\\\\",
  '\\"',
  "$1",
  "%%",
  "Use ",
];

/** Values that tenants choose, and worse. */
const hostile = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: fc.constantFrom(...letters, ...words) }));

/** What Apache makes of a word when the variable of the dollar sign is the only one. */
const resolve = (word: string) => word.replaceAll("${PB_D}", "$");

describe("quote", () => {
  it("comes out as one word with the same value, whatever the value", () => {
    fc.assert(
      fc.property(hostile.filter(isQuotable), hostile.filter(isQuotable), (one, other) => {
        const [directive, ...rest] = parseApache(`Name ${quote(one)} ${quote(other)}`);
        expect(rest).toEqual([]);
        expect(directive?.words.map(resolve)).toEqual([one, other]);
        expect(quote(one).replaceAll("${PB_D}", "")).not.toContain("$");
      }),
      { numRuns: 5000 },
    );
  });

  it("refuses what no quoting can carry", () => {
    for (const text of ["a\nb", "a\rb", "\0", "\u007f", "\ud800", "a\tb"]) {
      expect(() => quote(text)).toThrow(RangeError);
      expect(() => quoteForMacro(text)).toThrow(RangeError);
    }
  });

  it("is read by Apache itself as it was meant, in a line and written out", { timeout: 30_000 }, async () => {
    const host = await createLiveHost();
    try {
      await redirectsEverywhere(host);
      await servesFromEverywhere(host);
    } finally {
      await host.stop();
    }
  });
});

/** Whatever the target is, a browser is sent exactly there. */
async function redirectsEverywhere(host: LiveHost): Promise<void> {
  const corpus = corpusItems("vhost_field")
    .flatMap(({ input }) => Object.values(input as Record<string, string>))
    .map(String);
  // The value of a header is sent as it is: blanks at its end are nobody's.
  const chosen = [...words, ...corpus, ...fc.sample(hostile, { numRuns: 250, seed: 7 })].filter(isQuotable);
  const targets = chosen.map((text) => `https://to.test/${text}`.trimEnd()).filter((text) => isQuotable(text));
  const units = targets.flatMap((to, at): SiteUnit[] => {
    const redirect = { kind: "redirect", root: null, redirect: { to, code: 301 } } as const;
    const text = { includes: { apache: "# written out" } };
    return [
      host.site("john", `line${at}.test`, redirect),
      host.site("john", `text${at}.test`, { ...redirect, ...text }),
    ];
  });
  host.serve(host.front, units);
  expect(host.test()).toEqual({ status: 0, output: "Syntax OK\n" });
  await host.start();
  for (const [at, to] of targets.entries()) {
    for (const form of ["line", "text"]) {
      const { location = "" } = (await host.get(`${form}${at}.test`, "/x?y")).headers;
      expect(Buffer.from(location, "latin1").toString("utf8")).toBe(to);
    }
  }
}

/** Whatever a directory is called, it is served, and no other. */
async function servesFromEverywhere(host: LiveHost): Promise<void> {
  const names = fc.sample(hostile, { numRuns: 60, seed: 8 }).concat(words);
  const usable = (name: string) => isQuotable(name) && name.trim() !== "" && !/^\.{1,2}$|[/*?[\\]/.test(name);
  const roots = [...new Set(names)].filter(usable).map((name) => `${name}.d`);
  for (const root of roots) host.put("john", `${root}/page.txt`, `in ${root}`);
  const at = (root: string) => `${host.info.paths.homes}/john/${root}`;
  host.serve(
    host.front,
    roots.map((root, index) => host.site("john", `root${index}.test`, { root: at(root) })),
    2,
  );
  expect(host.test()).toEqual({ status: 0, output: "Syntax OK\n" });
  host.reload();
  await host.reloaded(2);
  for (const [index, root] of roots.entries())
    expect(await host.get(`root${index}.test`, "/page.txt")).toMatchObject({ status: 200, body: `in ${root}` });
}

describe("parseApache", () => {
  it("reads words, quotes, comments, sections and long lines as Apache does", () => {
    const text =
      '# a \\\n comment\n  Header  set A "b \\"c\\\\" \'d"\' e\\\\f\n<Files "x y">\n Require \\\n all denied\n</files>';
    expect(parseApache(text)).toEqual([
      { name: "Header", words: ["set", "A", 'b "c\\', 'd"', "e\\f"], block: null, line: 3 },
      {
        name: "Files",
        words: ["x y"],
        block: [{ name: "Require", words: ["all", "denied"], block: null, line: 5 }],
        line: 4,
      },
    ]);
  });

  it("refuses what is not whole", () => {
    for (const text of [
      "<Files x>",
      "</Files>",
      "<Files x>\n</If>",
      'A "b',
      "A \\",
      "<Files x",
      '"Header" set',
      "<>",
      "a-b",
      "<a.b>\n</a.b>",
    ]) {
      expect(() => parseApache(text), text).toThrow(SyntaxFault);
    }
  });
});
