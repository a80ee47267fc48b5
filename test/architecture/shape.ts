import type { SourceFile, Violation } from "./source-file.ts";

const hardLimit = 500;
const softLimit = 300;
const softShare = 0.9;

const countLines = (text: string) => text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

/** No file over 500 lines, and nine of ten at most 300. */
export function checkSizes(files: readonly SourceFile[]): Violation[] {
  const sized = files.map((file) => ({ path: file.path, lines: countLines(file.text) }));
  const tooLong = sized.filter((file) => file.lines > hardLimit);
  const found = tooLong.map(({ path, lines }) => ({ path, rule: `${lines} lines; the limit is ${hardLimit}` }));
  const long = sized.filter((file) => file.lines > softLimit);
  if (long.length <= files.length * (1 - softShare)) return found;
  return [
    ...found,
    ...long.map(({ path, lines }) => ({ path, rule: `${lines} lines, and too many files exceed ${softLimit}` })),
  ];
}

/** kebab-case names that say what is inside. */
export function checkNames(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path }) => {
    const name = path.split("/").at(-1) ?? "";
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|config|d))?\.(ts|mjs)$/.test(name))
      return [{ path, rule: "not kebab-case" }];
    if (/^(utils?|helpers?|common|misc)\./.test(name)) return [{ path, rule: "says nothing about its content" }];
    return [];
  });
}

/** Words for unfinished work. */
export function checkWords(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) => {
    const word = /\b(TODO|FIXME|XXX|HACK)\b|\b(stub|placeholder)\b/.exec(
      text.replace(/\b(Stub|Placeholder)\b/g, "stub"),
    )?.[0];
    return word === undefined ? [] : [{ path, rule: `unfinished: “${word}”` }];
  });
}

/** No shell: nothing of child_process that takes a command line, and no option that turns one on. */
export function checkShell(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, imports, masked }) => {
    const processes = imports.filter((one) => /^(node:)?child_process$/.test(one.specifier));
    const names = processes.flatMap((one) => (one.typeOnly ? [] : one.names));
    const wrong = names.find((name) => ["exec", "execSync", "*", "default"].includes(name));
    if (wrong !== undefined) return [{ path, rule: `imports ${wrong} of child_process` }];
    return /\bshell\s*:\s*true\b/.test(masked.code) ? [{ path, rule: "turns on a shell" }] : [];
  });
}
