import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type FileImport, type Masked, maskSource, scanImports } from "./import-scanner.ts";

/** One source file with what the checks need to know of it. */
export interface SourceFile {
  /** Relative to the checkout, `/`-separated. */
  readonly path: string;
  readonly text: string;
  readonly masked: Masked;
  readonly imports: readonly FileImport[];
  /** `sdk`, `kernel`, `plugins/<id>`, or the first folder. */
  readonly owner: string;
  /** A kernel room; empty for the files that put the kernel together, and outside the kernel. */
  readonly room: string;
  /** Tests, and what exists only for them. They may start daemons and reach into every package's own files. */
  readonly isTest: boolean;
}

/** What a check found wrong: the file, and the rule in words. */
export interface Violation {
  readonly path: string;
  readonly rule: string;
}

/** True for tests and for what exists only for them: `*.test.ts`, `test-*.ts`, and the folders that say so. */
export function isTestPath(path: string): boolean {
  return /\.test\.ts$|(^|\/)test-[^/]*\.ts$|(^|\/)(test|tests|testing|conformance|fixtures)\//.test(path);
}

/** Makes a source file of a text. Also how the tests of the checks make bad samples. */
export function toSourceFile(path: string, text: string): SourceFile {
  const [top = "", second = ""] = path.split("/");
  const masked = maskSource(text);
  return {
    path,
    text,
    masked,
    imports: scanImports(masked),
    owner: top === "plugins" ? `plugins/${second}` : top,
    room: top === "kernel" && path.split("/").length > 2 ? second : "",
    isTest: isTestPath(path),
  };
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name !== "node_modules") yield* walk(join(folder, entry.name));
    else if (entry.isFile() && /\.(ts|mjs)$/.test(entry.name)) yield join(folder, entry.name);
  }
}

/** Every source file below these folders of the checkout, sorted by path. Generated files (`*.gen.ts`) are left out. */
export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  const present = folders.filter((folder) => existsSync(join(root, folder)));
  const paths = present.flatMap((folder) => [...walk(join(root, folder))]).filter((path) => !path.includes(".gen."));
  return paths.sort().map((path) => toSourceFile(relative(root, path), readFileSync(path, "utf8")));
}
