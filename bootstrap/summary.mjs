/**
 * Reads vitest's JSON report: counts, and the full names of skipped tests. A file that failed without a failed test (it
 * could not be loaded) counts as one failure, and so does a run that failed for any other reason (`code`).
 */
export function summarize(report, code) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
  const count = (status) => tests.filter((test) => test.status === status).length;
  const broken = files.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const skipped = tests.filter((test) => !["passed", "failed"].includes(test.status));
  const failed = count("failed") + broken.length;
  return {
    passed: count("passed"),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: skipped.length,
    skippedNames: skipped.map((test) => `${test.file} > ${test.fullName}`),
  };
}

/** The last line of a test run. */
export function formatSummary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
