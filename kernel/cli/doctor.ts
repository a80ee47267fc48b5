import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Manifest } from "@patchbay/sdk";
import { isThere } from "../plugins/installed.ts";
import type { CommandContext } from "./context.ts";

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly mend: string;
}

/** `patchbay doctor`: what this machine lacks for the enabled plugins. Works without a running instance. */
export async function doctor({ json }: CommandContext): Promise<number> {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const findings = [nodeVersion(), ...packages(join(root, "plugins"))];
  if (json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else {
    for (const finding of findings) {
      process.stdout.write(
        `${finding.ok ? "ok      " : "missing "} ${finding.what}${finding.ok ? "" : `: ${finding.mend}`}\n`,
      );
    }
  }
  return findings.every((finding) => finding.ok) ? 0 : 1;
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return {
    what: `Node ${process.versions.node}`,
    ok: major > 20 || (major === 20 && minor >= 19),
    mend: "install Node 20.19 or newer",
  };
}

function packages(folder: string): Finding[] {
  return readdirSync(folder)
    .map((name) => join(folder, name, "package.json"))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as { patchbay?: Manifest })
    .flatMap(({ patchbay }) => (patchbay?.packages ?? []).map((needed) => ({ plugin: patchbay?.id ?? "", needed })))
    .map(({ plugin, needed }) => ({
      what: `${needed.apt} for ${plugin}`,
      ok: isThere(needed.binary),
      mend: `apt-get install ${needed.apt} (${needed.reason})`,
    }));
}
