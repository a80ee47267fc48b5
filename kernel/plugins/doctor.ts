import type { LoggedFault } from "./fault-log.ts";
import { isThere } from "./installed.ts";
import type { PluginStanding } from "./inventory.ts";

/** Something about a plugin that an admin should know. */
export interface Finding {
  readonly level: "ok" | "warning" | "error";
  readonly what: string;
  /** What to do about it; null: nothing. */
  readonly mend: string | null;
}

export interface PluginFacts {
  /** The latest first. */
  readonly faults: readonly LoggedFault[];
  /** Version whose code runs within the panel's own process. */
  readonly imported: string | undefined;
}

/** Faults that are told of one by one. */
const told = 3;

/** Looks at one plugin. There is always at least one finding. */
export function examine(standing: PluginStanding, facts: PluginFacts): readonly Finding[] {
  const findings = [
    ...stateFindings(standing),
    ...packageFindings(standing),
    ...versionFindings(standing, facts.imported),
    ...facts.faults.slice(0, told).map(faultFinding),
  ];
  return findings.length > 0 ? findings : [{ level: "ok", what: "it runs and nothing is wrong with it", mend: null }];
}

function stateFindings({ known: { id, pending }, problems, reason, state }: PluginStanding): readonly Finding[] {
  const enable = `mend it, then: patchbay plugin enable ${id}`;
  const findings: Finding[] = problems.map((what) => ({
    level: state === "disabled" ? "warning" : "error",
    what,
    mend: enable,
  }));
  if (state === "broken" && problems.length === 0)
    findings.push({ level: "error", what: "it cannot be loaded", mend: enable });
  if (state === "quarantined") {
    findings.push({ level: "error", what: `it was quarantined: ${reason ?? "it kept failing"}`, mend: enable });
  }
  if (state === "degraded") {
    const mend = `look into the log; to do without it: patchbay plugin disable ${id}`;
    findings.push({ level: "warning", what: "it keeps failing and is about to be quarantined", mend });
  }
  if (state === "unapproved") {
    findings.push({ level: "warning", what: "it waits to be approved", mend: `patchbay plugin approve ${id}` });
  }
  if (state === "disabled") {
    findings.push({ level: "ok", what: "it is disabled", mend: `patchbay plugin enable ${id}` });
  }
  if (pending !== null) {
    const what = `version ${pending} waits to be approved`;
    findings.push({ level: "warning", what, mend: `patchbay plugin approve ${id}` });
  }
  return findings;
}

function packageFindings({ known, state }: PluginStanding): readonly Finding[] {
  if (state !== "active" && state !== "degraded") return [];
  const missing = (known.found?.manifest.packages ?? []).filter(({ binary }) => !isThere(binary));
  return missing.map(({ apt, reason }) => ({
    level: "warning",
    what: `the system package ${apt} is missing: ${reason}`,
    mend: `apt-get install ${apt}`,
  }));
}

function versionFindings({ known: { found } }: PluginStanding, imported: string | undefined): readonly Finding[] {
  if (imported === undefined || !found || imported === found.version) return [];
  const what = `version ${found.version} is there, but ${imported} runs: code within the panel's own process is not replaced`;
  return [{ level: "warning", what, mend: "start the panel again" }];
}

function faultFinding({ at, kind, message, where }: LoggedFault): Finding {
  const what = `${new Date(at).toISOString()} ${where} (${kind}): ${message}`;
  return { level: "warning", what, mend: "look into the log" };
}
