import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unifiedDiff } from "./diff.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-diff-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

const text = fc
  .array(fc.constantFrom("a", "b", "c", "d", ""), { maxLength: 30 })
  .chain((lines) => fc.boolean().map((end) => (lines.length === 0 ? "" : lines.join("\n") + (end ? "\n" : ""))));

describe("unifiedDiff", () => {
  it.each([0, 3])("is understood by patch, with %i lines of context", (context) => {
    fc.assert(
      fc.property(text, text, (from, to) => {
        fc.pre(from !== to && from !== "" && to !== "");
        writeFileSync(join(dir, "f"), from);
        execFileSync("/usr/bin/patch", ["-s", "--no-backup-if-mismatch", join(dir, "f")], {
          input: unifiedDiff("f", { from, to }, context),
        });
        expect(readFileSync(join(dir, "f"), "utf8")).toBe(to);
      }),
      { numRuns: 60 },
    );
  });

  it("is empty for equal texts and sums up what is too long", () => {
    expect(unifiedDiff("f", { from: "a\n", to: "a\n" })).toBe("");
    const many = (word: string) => Array.from({ length: 2001 }, (_, i) => `${word}${i}\n`).join("");
    expect(unifiedDiff("f", { from: many("a"), to: many("b") })).toBe(
      "--- a/f\n+++ b/f\n@@ 2001 lines differ from 2001 lines @@\n",
    );
  });

  it("names a file that is not there", () => {
    expect(unifiedDiff("f", { from: "a\n", to: null })).toBe("--- a/f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
  });
});
