import { describe, expect, it } from "vitest";
import { checkNames, checkShell, checkSizes, checkWords } from "./shape.ts";
import { toSourceFile } from "./source-file.ts";

const file = (path: string, text = "") => toSourceFile(path, text);
const paths = (found: readonly { path: string }[]) => found.map((one) => one.path);
const ofLines = (path: string, lines: number) => file(path, "x\n".repeat(lines));

describe("checkSizes", () => {
  it("refuses one file over 500 lines", () => {
    const small = Array.from({ length: 20 }, (_, index) => ofLines(`kernel/a/f${index}.ts`, 100));
    expect(checkSizes([...small, ofLines("kernel/a/limit.ts", 500)])).toEqual([]);
    expect(paths(checkSizes([...small, ofLines("kernel/a/big.ts", 501)]))).toEqual(["kernel/a/big.ts"]);
  });

  it("refuses many files over 300 lines", () => {
    const many = Array.from({ length: 10 }, (_, index) => ofLines(`kernel/a/f${index}.ts`, index < 2 ? 301 : 300));
    expect(paths(checkSizes(many))).toEqual(["kernel/a/f0.ts", "kernel/a/f1.ts"]);
    expect(checkSizes(many.slice(1))).toHaveLength(1);
  });
});

describe("checkNames", () => {
  it("refuses names that are not kebab-case or say nothing", () => {
    const right = ["sdk/session-cookie.ts", "sdk/a2.test.ts", "bootstrap/main.mjs"];
    const wrong = ["sdk/sessionCookie.ts", "sdk/Session.ts", "sdk/a_b.ts", "sdk/utils.ts", "sdk/helpers.test.ts"];
    expect(paths(checkNames([...right, ...wrong].map((path) => file(path))))).toEqual(wrong);
  });
});

describe("checkWords", () => {
  it("refuses words for unfinished work", () => {
    const wrong = ["// TODO later", "/* FIXME */", "// a stub", "// Placeholder"].map((text, n) =>
      file(`sdk/a${n}.ts`, text),
    );
    expect(checkWords(wrong)).toHaveLength(wrong.length);
    expect(checkWords([file("sdk/b.ts", "// Placeholders: {tree}, stubborn, TODOS")])).toEqual([]);
  });
});

describe("checkShell", () => {
  it("refuses shells and lets a regular expression's exec pass", () => {
    const wrong = [
      'import { exec } from "node:child_process";',
      'import { spawn, execSync as run } from "child_process";',
      'import * as processes from "node:child_process";',
      'const processes = await import("node:child_process");',
      "spawn(program, { shell: true });",
    ].map((text, n) => file(`kernel/helper/a${n}.ts`, text));
    expect(paths(checkShell(wrong))).toEqual(wrong.map((one) => one.path));
    const right = 'import { execFile, spawn } from "node:child_process"; /a/.exec(text); const s = "shell: true";';
    expect(checkShell([file("kernel/helper/b.ts", right)])).toEqual([]);
  });
});
