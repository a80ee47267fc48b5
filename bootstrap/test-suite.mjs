import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root } from "./checkout.mjs";
import { run } from "./run.mjs";
import { formatSummary, summarize } from "./summary.mjs";

function readReport(file) {
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  } catch {
    return undefined; // Cut off: the run's exit code says that it failed.
  }
}

/**
 * Runs the whole suite, or what `args` select, and ends with the line `N passed, N failed, N skipped`. Returns the exit
 * code. A skipped test is listed; with CI=true it is a failure.
 */
export async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), "patchbay-tests-"));
  const file = join(folder, "report.json");
  try {
    const { code, received } = await run(
      process.execPath,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${file}`,
        ...args,
      ],
      { stdout: true },
    );
    const summary = summarize(readReport(file), code);
    for (const name of summary.skippedNames) process.stdout.write(`skipped: ${relative(root, name)}\n`);
    process.stdout.write(`${formatSummary(summary)}\n`);
    if (received !== undefined) return received === "SIGINT" ? 130 : 143;
    if (summary.failed > 0) return 1;
    return process.env.CI === "true" && summary.skipped > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
