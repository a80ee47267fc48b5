import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, manifestSchema, SDK_VERSION } from "@patchbay/sdk";
import semver from "semver";
import * as v from "valibot";

/** A plugin as found on disk, before any of its code runs. */
export interface FoundPlugin {
  readonly manifest: Manifest;
  readonly version: string;
  /** Folder of its package.json. */
  readonly dir: string;
}

/** What is wrong with the plugins that were found, all of it. */
export class PluginProblems extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`plugins cannot be loaded: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/** A folder with a package.json of a plugin, and what is wrong with it by itself. */
export interface ReadPlugin {
  /** Of its manifest; the folder's name when that cannot be read. */
  readonly id: string;
  readonly found: FoundPlugin | undefined;
  readonly problems: readonly string[];
}

/** Reads the manifests below a folder, sorted by the names of theirs. A folder that is missing has no plugins. */
export async function readPlugins(folder: string): Promise<readonly ReadPlugin[]> {
  const read: ReadPlugin[] = [];
  const names = await readdir(folder).catch(() => [] as string[]);
  for (const name of names.sort()) {
    const text = await readFile(join(folder, name, "package.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const found = readManifest(text, join(folder, name));
    if (typeof found === "string") read.push({ id: name, found: undefined, problems: [found] });
    else read.push({ id: found.manifest.id, found, problems: incompatibilities(found) });
  }
  return read;
}

/** The plugin a package.json describes, or why it describes none. */
export function readManifest(text: string, dir: string): FoundPlugin | string {
  const json = parse(text);
  if (!json) return `the package.json of ${dir} is no JSON object`;
  const parsed = v.safeParse(manifestSchema, json.patchbay);
  if (!parsed.success) {
    const rules = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "manifest"}: ${issue.message}`);
    return `${json.name ?? dir} has an invalid manifest (${rules.join(", ")})`;
  }
  return { manifest: parsed.output, version: json.version ?? "0.0.0", dir };
}

function parse(text: string): { name?: string; version?: string; patchbay?: unknown } | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Why this panel's SDK is none for the plugin. */
export function incompatibilities({ manifest }: FoundPlugin): string[] {
  const range = semver.validRange(manifest.sdk);
  if (range === null) return [`${manifest.id} names no valid SDK range`];
  // A range without an upper bound promises to work with contracts nobody has written yet.
  if (semver.intersects(range, ">=9999.0.0")) return [`${manifest.id} needs an upper bound in its SDK range`];
  if (!semver.satisfies(SDK_VERSION, range)) {
    return [`${manifest.id} is made for SDK ${manifest.sdk}, this is ${SDK_VERSION}`];
  }
  return [];
}
