import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gatherEvidence, gatherSurroundings, type Level, levelOf } from "./quality.ts";
import { qualityPage } from "./reference-quality.ts";

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "patchbay-quality-"));
  write("sdk/conformance/web.ts", "export function webConformance(): void {}\n");
  write("docs/benchmarks.md", "# B\n## One\n| Whole at 10 sites | 1 | < 2 | yes |\n## Two\n| Slow | 3 | < 2 | no |\n");
});
afterAll(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const daemon = { title: "D", user: "web", argv: ["/d"], test: ["/d"], reload: "SIGHUP", stop: "SIGTERM" };
const backend = { provides: [{ slot: "web", as: "it" }], grants: { services: { daemon } }, isolation: "process" };
const record = { cases: 3, capabilities: { a: true }, survived: ["drift", "full-disk", "kill"] };

interface Made {
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** The whole plugin, and what is different about it; an empty text takes a file away. */
function make(id: string, { files = {}, manifest = {} }: Made): Level | undefined {
  const all = {
    "package.json": JSON.stringify({ patchbay: { id, title: "Whole", sdk: "^1.0.0", ...backend, ...manifest } }),
    "README.md": "What it is. ".repeat(30),
    "capabilities.json": JSON.stringify(record),
    "golden/front.txt": "x",
    "test/it.test.ts": 'import fc from "fast-check";\nstartPanel();\n',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) if (text !== "") write(`examples/${id}/${path}`, text);
  return levelOf(gatherEvidence(root, `examples/${id}`, new Set()), gatherSurroundings(root));
}

const recorded = (more: Readonly<Record<string, unknown>>) => ({
  "capabilities.json": JSON.stringify({ ...record, ...more }),
});

describe("the quality scale", () => {
  it.each<[string, Level | undefined, Made]>([
    ["all", "platinum", {}],
    ["no-manifest", undefined, { manifest: { sdk: 7 } }],
    ["no-panel", undefined, { files: { "test/it.test.ts": "nothing();", "capabilities.json": "" } }],
    ["by-its-suite", "gold", { files: { "test/it.test.ts": "nothing();" } }],
    ["no-tests", undefined, { files: { "test/it.test.ts": "" } }],
    ["no-record", "bronze", { files: { "capabilities.json": "" } }],
    ["no-readme", "bronze", { files: { "README.md": "" } }],
    [
      "no-comment",
      "bronze",
      { files: { "contract.ts": 'export const a = defineHook<"notify", P>("notify", "a.b");\n' } },
    ],
    [
      "other-comment",
      "platinum",
      { files: { "contract.ts": '/** It. */\nexport interface A {}\nexport const A = token<A>("a.a");\n' } },
    ],
    ["no-kill", "silver", { files: recorded({ survived: ["drift", "full-disk"] }) }],
    ["within", "silver", { manifest: { isolation: "kernel" } }],
    ["lacks-one", "gold", { files: recorded({ capabilities: { a: true, b: false } }) }],
    ["no-golden", "gold", { files: { "golden/front.txt": "" } }],
    ["no-bench", "gold", { manifest: { title: "Unmeasured" } }],
    ["too-slow", "gold", { manifest: { title: "Slow" } }],
    ["remote", "platinum", { manifest: { grants: {} }, files: recorded({ survived: ["cut-off", "drift"] }) }],
    ["no-backend", "gold", { manifest: { provides: [], grants: {} }, files: { "capabilities.json": "" } }],
  ])("puts %s at %s", (id, level, made) => {
    expect(make(id, made)).toBe(level);
  });

  it("shows on its page what each lacks", () => {
    const page = qualityPage(root, new Set());
    expect(page).toMatch(
      /\| \[Whole\]\(\.\.\/\.\.\/examples\/no-kill\) \| \*\*silver\*\* \|( yes \|)+ – \| no \| yes \|/,
    );
    expect(page).toContain("| gold | isolation | it runs in a process of its own |");
  });
});
