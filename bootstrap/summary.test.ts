import { describe, expect, it } from "vitest";
import { formatSummary, summarize } from "./summary.mjs";

const test = (status: string) => ({ status, fullName: `does ${status}` });
const file = (status: string, ...tests: object[]) => ({ name: "/a/x.test.ts", status, assertionResults: tests });

describe("summarize", () => {
  it("counts tests and names the skipped ones", () => {
    const report = {
      testResults: [
        file("passed", test("passed"), test("pending"), test("todo")),
        file("failed", test("failed"), test("passed")),
      ],
    };
    const summary = summarize(report, 1);
    expect(formatSummary(summary)).toBe("2 passed, 1 failed, 2 skipped");
    expect(summary.skippedNames).toEqual(["/a/x.test.ts > does pending", "/a/x.test.ts > does todo"]);
  });

  it("counts a file that could not be loaded as a failure", () => {
    expect(formatSummary(summarize({ testResults: [file("failed")] }, 1))).toBe("0 passed, 1 failed, 0 skipped");
  });

  it("never reports success for a run that failed or wrote no report", () => {
    expect(summarize({ testResults: [file("passed", test("passed"))] }, 1).failed).toBe(1);
    expect(summarize(undefined, 137).failed).toBe(1);
    expect(summarize({ testResults: [file("passed", test("passed"))] }, 0).failed).toBe(0);
  });
});
