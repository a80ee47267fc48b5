import { cpus, loadavg, release, totalmem } from "node:os";
import { findProgram, outputOf } from "./programs.ts";

/** What the measurements were taken on, as lines for the report. */
export function machineFacts(): readonly (readonly [string, string])[] {
  const processors = cpus();
  return [
    ["date", new Date().toISOString().slice(0, 10)],
    ["processor", `${processors[0]?.model.trim() ?? "unknown"}, ${processors.length} cores`],
    ["memory", `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ["kernel", `Linux ${release()}`],
    ["Node", process.version],
    ["nginx", versionOf("nginx", ["-v"], /nginx\/([\d.]+)/)],
    ["Apache", versionOf("apache2", ["-v"], /Apache\/([\d.]+)/)],
    ["BIND", versionOf("named", ["-v"], /BIND ([\d.]+)/)],
    ["PHP", versionOf("php-fpm8.2", ["-v"], /PHP ([\d.]+)/)],
    ["load when the run began", loadavg()[0]?.toFixed(2) ?? "unknown"],
  ];
}

function versionOf(program: string, args: readonly string[], shape: RegExp): string {
  const path = findProgram(program);
  if (path === undefined) return "not installed";
  return shape.exec(outputOf(path, args))?.[1] ?? "unknown";
}
