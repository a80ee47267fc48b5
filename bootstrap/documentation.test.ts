import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./checkout.mjs";
import { sdkEntries } from "./packages.mjs";
import { publicTypes } from "./surface.mjs";
import { emitTypes } from "./types.mjs";

const declaration = /^export (?:declare )?(?:abstract )?(?:interface|type|const|function|class|enum) (\w+)/;

let types: string;

beforeAll(async () => {
  types = mkdtempSync(join(root, ".dist-documentation-"));
  await emitTypes(root, types, { comments: true });
});
afterAll(() => rmSync(types, { recursive: true, force: true }));

/** Names that a declaration file exports, and whether a comment stands before each. */
function exportsOf(text: string): { name: string; documented: boolean }[] {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const name = declaration.exec(line)?.[1];
    return name === undefined ? [] : [{ name, documented: lines[at - 1]?.trim().endsWith("*/") ?? false }];
  });
}

describe("the comments of the SDK", () => {
  it("tell what every export of a public entry is", () => {
    const files = publicTypes(join(types, "sdk"));
    const found = files.flatMap(([file, text]) => exportsOf(text).map((one) => ({ ...one, file })));
    expect(found.length).toBeGreaterThan(150);
    expect(found.filter(({ documented }) => !documented).map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  });

  it("have examples of what plugins are made of", () => {
    const examples = readExamples()
      .map(({ code }) => code)
      .join("\n");
    const parts =
      "definePlugin defineQuery defineChange defineHook to.tap( defineSlot defineProvider defineTask token<";
    const uses = "to.service( to.pluginSetting( use(PluginSettings) store.put( PanelError( ProviderError( startPanel(";
    const concepts = [...parts.split(" "), ...uses.split(" "), "webConformance(", "dnsConformance("];
    for (const concept of concepts) expect(examples, concept).toContain(concept);
  });

  it("have examples that compile", () => {
    expect(compile(readExamples())).toBe("");
  });

  it("would be caught with an example that does not", () => {
    const wrong = compile([{ file: "sdk/wrong.ts", code: 'definePlugin((to) => to.operation("no operation"));' }]);
    expect(wrong).toContain("wrong-1.ts");
  });
});

interface Example {
  readonly file: string;
  readonly code: string;
}

function readExamples(): Example[] {
  const files = readdirSync(join(root, "sdk"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/\.(test|d)\.ts$/.test(name))
    .map((name) => join("sdk", name));
  return files
    .sort()
    .flatMap((file) => examplesOf(readFileSync(join(root, file), "utf8")).map((code) => ({ file, code })));
}

/** The text after each `@example` of a comment, up to its end or the next tag. */
function examplesOf(text: string): string[] {
  const comments = text.match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments.flatMap((comment) => {
    const body = comment.slice(3, -2).replace(/^\s*\* ?/gm, "");
    return body
      .split(/^@example[ \t]*$/m)
      .slice(1)
      .map((part) => part.split(/^@[a-z]+/m)[0]?.trim() ?? "");
  });
}

/** Where an example may take names from without saying so. */
const sources: Readonly<Record<string, string>> = {
  "@patchbay/sdk": ".",
  "@patchbay/sdk/conformance": "./conformance",
  "@patchbay/sdk/testing": "./testing",
};

/** Names each entry exports; a name of two entries belongs to the first. */
function knownNames(): Map<string, string> {
  const names = new Map<string, string>([
    ["join", "node:path"],
    ["Resolver", "node:dns/promises"],
  ]);
  for (const [source, entry] of Object.entries(sources)) {
    const start = sdkEntries[entry as keyof typeof sdkEntries].replace(/^sdk\//, "").replace(/\.ts$/, ".d.ts");
    for (const [, text] of publicTypes(join(types, "sdk"), start)) {
      for (const { name } of exportsOf(text)) if (!names.has(name)) names.set(name, source);
    }
  }
  return names;
}

function toModule(code: string, known: ReadonlyMap<string, string>): string {
  const declares = (name: string) => new RegExp(`\\b(?:const|interface|type|function|class) ${name}\\b`).test(code);
  const used = [...known].filter(([name]) => new RegExp(`\\b${name}\\b`).test(code) && !declares(name));
  const lines = used.map(([name, source]) => `import { ${name} } from "${source}";`);
  return [...lines, 'import * as v from "valibot";', code, "export {};", ""].join("\n");
}

/** What the compiler says of these examples. */
function compile(examples: readonly Example[]): string {
  const known = knownNames();
  const folder = mkdtempSync(join(tmpdir(), "patchbay-examples-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: {
          noUnusedLocals: false,
          noUnusedParameters: false,
          verbatimModuleSyntax: false,
          isolatedModules: false,
        },
        include: ["*.ts"],
      }),
    );
    for (const [at, { code, file }] of examples.entries()) {
      const name = file
        .replace(/^sdk\//, "")
        .replace(/\.ts$/, "")
        .replaceAll("/", "-");
      writeFileSync(join(folder, `${name}-${at + 1}.ts`), toModule(code, known));
    }
    const args = [join(root, "node_modules/typescript/bin/tsc"), "--noEmit", "--pretty", "false", "-p", folder];
    return spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" }).stdout.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
