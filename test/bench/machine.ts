import { cpus, loadavg, release, totalmem } from "node:os";
import { findProgram, outputOf } from "./programs.ts";

/** When and on what is measured now, as a sentence for the report. */
export function machineFacts(): string {
  const processors = cpus();
  const facts = [
    `${processors[0]?.model.trim() ?? "unknown"}, ${processors.length} cores`,
    `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    `Linux ${release()}`,
    `Node ${process.version}`,
    `nginx ${versionOf("nginx", ["-v"], /nginx\/([\d.]+)/)}`,
    `Apache ${versionOf("apache2", ["-v"], /Apache\/([\d.]+)/)}`,
    `BIND ${versionOf("named", ["-v"], /BIND ([\d.]+)/)}`,
    `PHP ${versionOf("php-fpm8.2", ["-v"], /PHP ([\d.]+)/)}`,
    `load before it began ${loadavg()[0]?.toFixed(2) ?? "unknown"}`,
  ];
  return `Measured ${new Date().toISOString().slice(0, 10)}: ${facts.join("; ")}.`;
}

function versionOf(program: string, args: readonly string[], shape: RegExp): string {
  const path = findProgram(program);
  if (path === undefined) return "not installed";
  return shape.exec(outputOf(path, args))?.[1] ?? "unknown";
}
