import { describe, expect, it } from "vitest";
import { maskSource, scanImports } from "./import-scanner.ts";

const scan = (text: string) => scanImports(maskSource(text));
const specifiers = (text: string) => scan(text).map((one) => one.specifier);

describe("scanImports", () => {
  it("reads every form of import", () => {
    const text = `
      import "side";
      import a from "default";
      import * as all from 'star';
      import { b, type C as D, e as f } from "named";
      import type { T } from "types";
      import { type U } from "inline-types";
      export { g } from "again";
      export * from "all-again";
      const lazy = await import("dynamic");
      const old = require("required");
    `;
    expect(scan(text).map((one) => [one.specifier, one.typeOnly, one.names])).toEqual([
      ["default", false, ["default"]],
      ["star", false, ["*"]],
      ["named", false, ["b", "C", "e"]],
      ["types", true, ["T"]],
      ["inline-types", true, ["U"]],
      ["again", false, ["g"]],
      ["all-again", false, ["*"]],
      ["side", false, []],
      ["dynamic", false, ["*"]],
      ["required", false, ["*"]],
    ]);
  });

  it("reads imports over several lines and without spaces", () => {
    expect(specifiers('import {\n  a, // why\n  b,\n} from "x";import{c}from"y"')).toEqual(["x", "y"]);
  });

  it("is not misled by comments, strings, templates and regular expressions", () => {
    const text = [
      '// import "comment";',
      '/* import "block"; */',
      "const s = 'import \"string\"';",
      'const t = `import "template" ${`${1}`} import("x")`;',
      'const r = /["\'`]/.test(s) ? 1 / 2 : /[/"]/u;',
      'import "real";',
    ].join("\n");
    expect(specifiers(text)).toEqual(["real"]);
  });

  it("sees code inside a template", () => {
    expect(specifiers("const t = `a ${await import('inside')} } b`; import 'after';")).toEqual(["after", "inside"]);
  });
});

describe("maskSource", () => {
  it("keeps the contents of strings and of a template's parts", () => {
    expect(maskSource('f(\'a\', "b\\"", `c${d}e`)').strings).toEqual(["a", 'b\\"', "c", "e"]);
  });
});
