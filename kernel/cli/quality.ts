import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Manifest, manifestSchema } from "@patchbay/sdk";
import * as v from "valibot";
import { parseDeclarations } from "./declarations.ts";

/** The levels, the lowest first. A plugin is at the highest whose criteria, and all below, it meets. */
export const levels = ["bronze", "silver", "gold", "platinum"] as const;
export type Level = (typeof levels)[number];

/** What is found out about one plugin, from what it consists of and what its suites have left. */
export interface Evidence {
  /** Path of its folder in the checkout, `plugins/web-nginx`. */
  readonly folder: string;
  readonly manifest: Manifest | undefined;
  readonly runs: boolean;
  readonly record: SuiteRecord | undefined;
  /** All its TypeScript files, tests too: path below the folder → text. */
  readonly files: ReadonlyMap<string, string>;
  readonly readme: string;
  readonly hasGolden: boolean;
}

interface SuiteRecord {
  readonly cases: number;
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly survived?: readonly string[];
}

/** What the checkout says of all plugins alike. */
export interface Surroundings {
  /** Slots whose backends have a suite. */
  readonly suites: ReadonlySet<string>;
  /** Sections of `docs/benchmarks.md`. */
  readonly benchmarks: readonly string[];
  readonly isBundled: (folder: string) => boolean;
}

/** One demand of a level. `meets` answers undefined where it does not apply. */
export interface Criterion {
  readonly level: Level;
  readonly id: string;
  readonly means: string;
  meets(evidence: Evidence, around: Surroundings): boolean | undefined;
}

const slotsOf = ({ manifest }: Evidence) => (manifest?.provides ?? []).map(({ slot }) => slot);
const hasSuite = (evidence: Evidence, { suites }: Surroundings) => slotsOf(evidence).some((slot) => suites.has(slot));
const ofBackend = (evidence: Evidence, around: Surroundings, meets: () => boolean) =>
  hasSuite(evidence, around) ? meets() : undefined;
const tests = ({ files }: Evidence) => [...files].filter(([path]) => /\.test\.ts$|\.conformance\.ts$/.test(path));

export const criteria: readonly Criterion[] = [
  {
    level: "bronze",
    id: "manifest",
    means: "its manifest is valid",
    meets: ({ manifest }) => manifest !== undefined,
  },
  {
    level: "bronze",
    id: "runs",
    means: "a real panel runs it: the one that makes this page, or for an example the one its tests or its suite start",
    meets: ({ runs }) => runs,
  },
  { level: "bronze", id: "tests", means: "it has tests", meets: (evidence) => tests(evidence).length > 0 },
  {
    level: "silver",
    id: "conformance",
    means: "a backend: the suite of its slot was green against the real daemon (`capabilities.json`)",
    meets: (evidence, around) => ofBackend(evidence, around, () => (evidence.record?.cases ?? 0) > 0),
  },
  { level: "silver", id: "README", means: "it has a README", meets: ({ readme }) => readme.trim().length > 200 },
  {
    level: "silver",
    id: "documented",
    means: "every hook and service it publishes has a comment",
    meets: ({ files }) => {
      const contract = files.get("contract.ts");
      if (contract === undefined) return undefined;
      const all = parseDeclarations(contract);
      // A token bears the name of its service, whose interface may have the comment.
      const documented = new Set(all.filter(({ doc }) => doc.text !== "").map(({ name }) => name));
      const published = all.filter(({ head }) => /^= (?:defineHook|token)\b/.test(head));
      return published.every(({ name }) => documented.has(name));
    },
  },
  {
    level: "gold",
    id: "hardships",
    means:
      "a backend: the suite changed its files by hand, killed its daemon and filled its disk, and it came through; one without " +
      "a daemon was changed by hand and cut off",
    meets: (evidence, around) =>
      ofBackend(evidence, around, () => {
        const hasDaemon = Object.keys(evidence.manifest?.grants.services ?? {}).length > 0;
        const needed = hasDaemon ? ["drift", "kill", "full-disk"] : ["drift", "cut-off"];
        return needed.every((one) => evidence.record?.survived?.includes(one) === true);
      }),
  },
  {
    level: "gold",
    id: "isolation",
    means: "it runs in a process of its own",
    meets: ({ folder, manifest }, { isBundled }) =>
      (manifest?.isolation ?? (isBundled(folder) ? "kernel" : "process")) === "process",
  },
  {
    level: "platinum",
    id: "capabilities",
    means: "a backend: it has every capability of its slot",
    meets: (evidence, around) =>
      ofBackend(evidence, around, () => Object.values(evidence.record?.capabilities ?? { none: false }).every(Boolean)),
  },
  {
    level: "platinum",
    id: "bench",
    means: "a backend: the bench measures it, and every aim is met",
    meets: (evidence, around) =>
      ofBackend(evidence, around, () => {
        const title = titleOf(evidence).toLowerCase();
        const measured = around.benchmarks.filter((section) => section.toLowerCase().includes(title));
        return measured.length > 0 && measured.every((section) => !section.includes("| no |"));
      }),
  },
  {
    level: "platinum",
    id: "serializers",
    means: "a backend: what it writes is tested with golden files and with properties",
    meets: (evidence, around) =>
      ofBackend(evidence, around, () => {
        return evidence.hasGolden && tests(evidence).some(([, text]) => text.includes('from "fast-check"'));
      }),
  },
];

/** Title for people. */
export function titleOf({ folder, manifest }: Evidence): string {
  return manifest?.title ?? basename(folder);
}

/**
 * The highest level whose criteria, and those of all levels below, are met. A level none of whose criteria applies is not
 * reached. Undefined: none.
 */
export function levelOf(evidence: Evidence, around: Surroundings): Level | undefined {
  let reached: Level | undefined;
  for (const level of levels) {
    const answers = criteria.filter((one) => one.level === level).map((one) => one.meets(evidence, around));
    if (answers.includes(false)) break;
    if (answers.includes(true)) reached = level;
  }
  return reached;
}

/** Reads what there is of a plugin. `active`: ids of the plugins that ran when the panel was asked. */
export function gatherEvidence(root: string, path: string, active: ReadonlySet<string>): Evidence {
  const folder = join(root, path);
  const parsed = v.safeParse(manifestSchema, readJson(join(folder, "package.json"))?.["patchbay"]);
  const manifest = parsed.success ? parsed.output : undefined;
  const files = sourcesOf(folder);
  const startsPanel = [...files].some(([name, text]) => name.endsWith(".test.ts") && text.includes("startPanel("));
  const record = readJson(join(folder, "capabilities.json")) as SuiteRecord | undefined;
  return {
    folder: path,
    manifest,
    runs: (manifest !== undefined && active.has(manifest.id)) || startsPanel || record !== undefined,
    record,
    files,
    readme: readText(join(folder, "README.md")),
    hasGolden: existsSync(join(folder, "golden")),
  };
}

export function gatherSurroundings(root: string): Surroundings {
  const suites = readdirSync(join(root, "sdk", "conformance")).flatMap(
    (name) => /export function (\w+)Conformance\(/.exec(readText(join(root, "sdk", "conformance", name)))?.[1] ?? [],
  );
  return {
    suites: new Set(suites),
    benchmarks: readText(join(root, "docs", "benchmarks.md"))
      .split("\n## ")
      .slice(1),
    isBundled: (folder) => folder.startsWith("plugins/"),
  };
}

function sourcesOf(folder: string): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !/(?:^|\/)(?:node_modules|dist)\//.test(path),
  );
  return new Map(paths.sort().map((path) => [path, readText(join(folder, path))]));
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function readJson(file: string): Readonly<Record<string, unknown>> | undefined {
  return existsSync(file) ? (JSON.parse(readText(file)) as Readonly<Record<string, unknown>>) : undefined;
}
