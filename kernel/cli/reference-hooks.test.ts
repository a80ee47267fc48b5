import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseDeclarations } from "./declarations.ts";
import { hooksPage, publishedHooks } from "./reference-hooks.ts";

const root = join(import.meta.dirname, "../..");
const hooks = publishedHooks(root);

/** The sources of a folder, without tests and what only tests use. */
function sourcesOf(folder: string): { file: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter(
      (name) =>
        name.endsWith(".ts") &&
        !/\.test\.ts$|\.gen\.d\.ts$|(^|\/)(testing|node_modules|templates)\/|test-\w+\.ts$/.test(name),
    )
    .map((name) => ({ file: join(folder, name), text: readFileSync(join(root, folder, name), "utf8") }));
}

/** Examples in comments define and fire hooks of their own. */
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "");

const sources = ["sdk", "kernel", "plugins"].flatMap(sourcesOf);

describe("the hooks of the panel", () => {
  it("are all fired", () => {
    const fired = new Set<string>();
    for (const { text } of sources) {
      const program = withoutComments(text);
      const calls = program.matchAll(/(?:\.|\bawait )(?:emit|run|veto|guarded)\(\s*(?:\w+\.db,\s*)?(\w+)\s*,/g);
      // Operations made from a table have theirs in it.
      for (const [, name = ""] of [...calls, ...program.matchAll(/\bhook: (\w+),/g)]) fired.add(name);
    }
    expect(hooks.map(({ constant }) => constant).filter((constant) => !fired.has(constant))).toEqual([]);
  });

  // So what is fired is published: to fire a hook takes its definition.
  it("are defined where others may import them, each once", () => {
    const defining = sources.filter(
      ({ file, text }) => !file.startsWith("kernel/") && /\bdefineHook</.test(withoutComments(text)),
    );
    const published = /^(sdk\/(hook|kernel-hooks)|plugins\/[\w-]+\/contract)\.ts$/;
    expect(defining.map(({ file }) => file).filter((file) => !published.test(file))).toEqual([]);
    expect(new Set(hooks.map(({ id }) => id)).size).toBe(hooks.length);
    expect(hooks.map(({ id }) => id).filter((id) => !/^[a-z]+\.[a-z]+(-[a-z]+)*$/.test(id))).toEqual([]);
  });

  it("say what they are about and when they fire", () => {
    expect(hooks.length).toBeGreaterThan(50);
    for (const { doc, id } of hooks) {
      expect(doc.text, id).toMatch(/^[A-Z].{10,}[.]$/s);
      expect(doc.tags.get("when"), id).toMatch(/^[A-Z].{10,}[.]$/s);
    }
  });

  it("are on the page, with what an author needs", () => {
    const page = hooksPage(root);
    for (const { constant, file, id } of hooks) {
      expect(page).toContain(`### ${id}\n`);
      expect(page).toContain(`import { ${constant} } from "${file.module}";`);
    }
    expect(page).toContain(
      '| `what` | `"password" \\| "second-factor-on" \\| "second-factor-off" \\| "backup-codes"` |',
    );
    // What a payload inherits is there too.
    expect(page.slice(page.indexOf("### domains.assigned"))).toMatch(
      /\| `accountId` \| `number` \|[\s\S]*?\| `from` \|/,
    );
  });

  it("carry no secret in their names", () => {
    const fields = hooks.flatMap(
      ({ file, payload }) => file.declarations.find(({ name }) => name === payload)?.members ?? [],
    );
    expect(fields.map(({ name }) => name).filter((name) => /password|secret|token(?!Id)|key$/i.test(name))).toEqual([
      "key",
    ]);
  });
});

describe("reading declarations", () => {
  it("finds comments, tags, members and what they inherit", () => {
    const source = [
      "/** Not exported. */",
      "const a = 1;",
      "/**",
      " * First line",
      " * goes on.",
      " *",
      " * Second paragraph.",
      " *",
      " * @when Now, and",
      " *   again.",
      " */",
      "export interface Box<T> extends Base, Other {",
      "  /** How { wide. */",
      "  readonly width?: number;",
      "  // Not a doc comment; with a brace }",
      "  open(",
      "    key: { readonly id: string; n: number },",
      "  ): Promise<T>;",
      "}",
      "export const long = define<",
      '  "a",',
      "  B",
      ">(",
      '  "a",',
      ");",
      "export const x = 1;",
    ].join("\n");
    const [box, long, x] = parseDeclarations(source);
    expect(box).toMatchObject({ kind: "interface", name: "Box", parents: ["Base", "Other"] });
    expect(box?.doc.text).toBe("First line goes on.\nSecond paragraph.");
    expect(box?.doc.tags).toEqual(new Map([["when", "Now, and again."]]));
    expect(box?.members.map(({ doc, isOptional, name, type }) => [name, isOptional, type, doc.text])).toEqual([
      ["width", true, "number", "How { wide."],
      ["open", false, "open(key: { readonly id: string; n: number }): Promise<T>", ""],
    ]);
    expect(long?.head).toBe('= define<"a", B>("a");');
    expect(x).toMatchObject({ kind: "const", name: "x", doc: { text: "" } });
  });
});
