import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const packages = ["sdk", "kernel", ...readdirSync(join(root, "plugins")).map((name) => `plugins/${name}`)];

/** Codes a source answers: the first argument of an error, an entry of a `codes` map, or of a table of codes by kind. */
function codesIn(text: string): string[] {
  const shapes = [
    /(?:new PanelError|\bconflict|\bforbidden)\(\s*"([A-Z][A-Z0-9_]+)"/g,
    /^\s+[a-zA-Z]+: "([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)",$/gm,
  ];
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  return shapes.flatMap((shape) => [...code.matchAll(shape)].map((match) => match[1] ?? ""));
}

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "dist", "testing"].includes(entry.name) ? [] : sourcesOf(path);
    return /(?<!\.test)\.ts$/.test(entry.name) && entry.name !== "error-codes.ts" ? [readFileSync(path, "utf8")] : [];
  });
}

async function tableOf(name: string): Promise<string[]> {
  const file = join(root, name, "error-codes.ts");
  if (!existsSync(file)) return [];
  return Object.keys(((await import(file)) as { errorCodes: Record<string, string> }).errorCodes);
}

describe("error codes", () => {
  it.each(packages)("of %s stand in its table, and the table has no other", async (name) => {
    const used = [...new Set(sourcesOf(join(root, name)).flatMap(codesIn))].sort();
    expect((await tableOf(name)).sort()).toEqual(used.filter((code) => !isForeign(name, code)));
  });

  it("are found wherever they are written", () => {
    expect(codesIn('throw new PanelError("A_B", {')).toEqual(["A_B"]);
    expect(codesIn('conflict(\n  "C_D", "x")')).toEqual(["C_D"]);
    expect(codesIn('const codes = {\n  e: "EE_FF",\n}')).toEqual(["EE_FF"]);
  });
});

/** Everybody may answer with the SDK's own codes. */
function isForeign(name: string, code: string): boolean {
  return name !== "sdk" && ["INVALID_INPUT", "NOT_FOUND"].includes(code);
}
