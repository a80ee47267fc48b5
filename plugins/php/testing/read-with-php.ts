import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderIni } from "../ini.ts";

/**
 * What php-fpm reads of each value, asked through its configuration dump (`-tt`). The dump prints `env[NAME] = value`
 * without quoting, one per line.
 */
export function readWithPhp(values: readonly string[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), "patchbay-ini-"));
  try {
    const identity =
      process.getuid?.() === 0
        ? ([
            ["user", "29990"],
            ["group", "29990"],
          ] as const)
        : [];
    const entries = [
      ...identity,
      ["listen", join(directory, "a.sock")],
      ["pm", "ondemand"],
      ["pm.max_children", "1"],
      ...values.map((value, at) => [`env[k${at}]`, value]),
    ] as [string, string][];
    const global = { name: "global", entries: [["error_log", join(directory, "log")]] as const };
    writeFileSync(join(directory, "fpm.conf"), renderIni([global, { name: "john", entries }]));
    const dump = spawnSync("/usr/sbin/php-fpm8.2", ["-n", "-tt", "-y", join(directory, "fpm.conf")], {
      encoding: "utf8",
    });
    const found = new Map<number, string>();
    for (const line of dump.stderr.split("\n")) {
      const match = /NOTICE: \s*env\[k(\d+)\] = (.*)$/.exec(line);
      if (match) found.set(Number(match[1]), match[2] ?? "");
    }
    return values.map((_, at) => found.get(at) ?? "(not read)");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
