import type { Template, TemplateFacts } from "./template.ts";
import { toolVersions } from "./versions.ts";

/** Where the panel's own packages come from. */
export interface PackageSources {
  readonly sdkVersion: string;
  readonly kernelVersion: string;
  /** `file:…` of a tarball; undefined: the registry. */
  readonly sdk: string | undefined;
  readonly kernel: string | undefined;
}

/** All files of a new plugin, path → text. */
export function projectFiles(
  facts: TemplateFacts,
  template: Template,
  sources: PackageSources,
): Readonly<Record<string, string>> {
  const files = template.files(facts);
  const hasSuite = Object.keys(files).some((path) => path.startsWith("conformance/"));
  return {
    "package.json": toJson(manifest(facts, template, { sources, hasSuite })),
    "tsconfig.json": toJson(compilerOptions(hasSuite)),
    "tsconfig.build.json": toJson({
      extends: "./tsconfig.json",
      compilerOptions: { noEmit: false, rootDir: "src", outDir: "dist", declaration: true },
      include: ["src"],
    }),
    ".oxlintrc.json": toJson({ categories: { correctness: "error" }, ignorePatterns: ["dist"] }),
    ".gitignore": "node_modules/\ndist/\n",
    "README.md": readme(facts, template.readme(facts)),
    "vitest.config.ts": vitestConfig("test/**/*.test.ts"),
    ...(hasSuite ? { "vitest.conformance.ts": vitestConfig("conformance/*.conformance.ts") } : {}),
    ...files,
  };
}

const toJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function manifest(
  { id, title }: TemplateFacts,
  template: Template,
  { hasSuite, sources }: { readonly sources: PackageSources; readonly hasSuite: boolean },
): Readonly<Record<string, unknown>> {
  const suite = { conformance: "npm run build && vitest run --bail 1 --config vitest.conformance.ts" };
  return {
    name: `patchbay-plugin-${id}`,
    version: "0.1.0",
    description: `${title}, a plugin of Patchbay.`,
    type: "module",
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    files: ["dist"],
    scripts: {
      build: "tsc -p tsconfig.build.json",
      pretest: "npm run build",
      test: "vitest run",
      lint: "oxlint --deny-warnings && tsc",
      ...(hasSuite ? suite : {}),
    },
    // The panel gives a plugin its own SDK: nothing of it is installed with the plugin.
    devDependencies: {
      "@patchbay/kernel": sources.kernel ?? sources.kernelVersion,
      "@patchbay/sdk": sources.sdk ?? sources.sdkVersion,
      ...toolVersions,
    },
    // The panel's database drivers are compiled where no binary of theirs can be had for the machine.
    allowScripts: { "better-sqlite3": true, sqlite3: true },
    patchbay: { id, title, sdk: `^${sources.sdkVersion}`, ...template.manifest({ id, title }) },
  };
}

function compilerOptions(hasSuite: boolean): Readonly<Record<string, unknown>> {
  return {
    compilerOptions: {
      target: "ES2023",
      lib: ["ES2023"],
      module: "NodeNext",
      types: ["node"],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noUnusedLocals: true,
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      rewriteRelativeImportExtensions: true,
      skipLibCheck: true,
      noEmit: true,
    },
    include: ["src", "test", "*.ts", ...(hasSuite ? ["conformance"] : [])],
  };
}

/** Real panels are started: one at a time, and with patience. */
function vitestConfig(include: string): string {
  return `import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["${include}"], testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false },
});
`;
}

function readme({ id, title }: TemplateFacts, about: string): string {
  return `# ${title}

A plugin of Patchbay, id \`${id}\`.

| | |
|---|---|
| \`npm run build\` | compiles \`src\` to \`dist\`, which is what a panel runs |
| \`npm test\` | builds, then tests: a real panel is started in a temporary directory with the plugin in it |
| \`npm run lint\` | lints, and checks the types of everything |

${about}
To try it on a panel of your own: \`npm pack\`, then \`patchbay plugin install <tarball> --allow-unsigned\`.
`;
}
