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

/** Reads the manifests below these folders. A folder that is missing has no plugins. */
export async function findPlugins(folders: readonly string[]): Promise<readonly FoundPlugin[]> {
  const found: FoundPlugin[] = [];
  const problems: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => [] as string[]);
    for (const name of names.sort()) {
      const text = await readFile(join(folder, name, "package.json"), "utf8").catch(() => undefined);
      if (text === undefined) continue;
      const read = readManifest(text, join(folder, name));
      if (typeof read === "string") problems.push(read);
      else if (found.some((other) => other.manifest.id === read.manifest.id)) {
        problems.push(`plugin ${read.manifest.id} is there twice`);
      } else found.push(read);
    }
  }
  problems.push(...found.flatMap(incompatibilities));
  if (problems.length > 0) throw new PluginProblems(problems);
  return sortByRequirements(found);
}

function readManifest(text: string, dir: string): FoundPlugin | string {
  const json = JSON.parse(text) as { name?: string; version?: string; patchbay?: unknown };
  const parsed = v.safeParse(manifestSchema, json.patchbay);
  if (!parsed.success) {
    const rules = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "manifest"}: ${issue.message}`);
    return `${json.name ?? dir} has an invalid manifest (${rules.join(", ")})`;
  }
  return { manifest: parsed.output, version: json.version ?? "0.0.0", dir };
}

function incompatibilities({ manifest }: FoundPlugin): string[] {
  const range = semver.validRange(manifest.sdk);
  if (range === null) return [`${manifest.id} names no valid SDK range`];
  // A range without an upper bound promises to work with contracts nobody has written yet.
  if (semver.intersects(range, ">=9999.0.0")) return [`${manifest.id} needs an upper bound in its SDK range`];
  if (!semver.satisfies(SDK_VERSION, range)) {
    return [`${manifest.id} is made for SDK ${manifest.sdk}, this is ${SDK_VERSION}`];
  }
  return [];
}

/** Plugins after those they require. Names every missing plugin and every cycle at once. */
export function sortByRequirements(found: readonly FoundPlugin[]): readonly FoundPlugin[] {
  const byId = new Map(found.map((plugin) => [plugin.manifest.id, plugin]));
  const sorted: FoundPlugin[] = [];
  const problems: string[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (plugin: FoundPlugin, path: readonly string[]) => {
    const { id, requires } = plugin.manifest;
    if (state.get(id) === "done") return;
    if (state.get(id) === "open") {
      problems.push(`plugins require each other: ${[...path, id].join(" → ")}`);
      return;
    }
    state.set(id, "open");
    for (const needed of requires) {
      const other = byId.get(needed);
      if (other) visit(other, [...path, id]);
      else problems.push(`${id} requires ${needed}, which is not there`);
    }
    state.set(id, "done");
    sorted.push(plugin);
  };
  for (const plugin of found) visit(plugin, []);
  if (problems.length > 0) throw new PluginProblems(problems);
  return sorted;
}
