import { readFile } from "node:fs/promises";
import { join } from "node:path";
import semver from "semver";
import { type FoundPlugin, incompatibilities, readManifest } from "../manifest.ts";
import { packageEntry } from "../package-entry.ts";
import { hashFiles, readTree, type Tree, treeProblems } from "./files.ts";
import { packagesIn } from "./folders.ts";
import { checkSignature, signatureFile } from "./signature.ts";

/** A plugin as npm has put it into a folder, and everything that is wrong with it by itself. */
export interface StagedPlugin {
  /** npm name. */
  readonly package: string;
  /** Undefined when its manifest cannot be read; `problems` say why. `dir` is below the staged folder. */
  readonly found: FoundPlugin | undefined;
  /** Key of who signed it; null: nobody. */
  readonly signer: string | null;
  /** `name@version` of what came along with it. */
  readonly dependencies: readonly string[];
  /** Refuse the installation. For people. */
  readonly problems: readonly string[];
  /** Do not. For people. */
  readonly warnings: readonly string[];
}

const lifecycle = ["preinstall", "install", "postinstall", "prepare"];
/** Names of the panel's own, beside its plugins. */
const reserved = new Set(["plugins", "kernel", "panel", "helper"]);

interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Looks at what npm has put into a folder: files, manifest, SDK range, entry, signature. Runs nothing of it. */
export async function readStaged(folder: string): Promise<StagedPlugin> {
  const asked = (await readJson(join(folder, "package.json"))) as PackageJson;
  const [name] = Object.keys(asked.dependencies ?? {});
  if (name === undefined) return nothing("npm has put nothing there");
  const dir = join(folder, "node_modules", name);
  const text = await readFile(join(dir, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) return nothing("it holds no package.json");
  const read = readManifest(text, name);
  const found = typeof read === "string" ? undefined : { ...read, dir };
  const json = JSON.parse(text) as PackageJson;
  const tree = await readTree(folder);
  const names = (await packagesIn(folder)).filter((one) => one !== name);
  const signed = await readSignature(dir);
  return {
    package: name,
    found,
    signer: signed.key,
    dependencies: await versionsOf(folder, names),
    problems: [
      ...(typeof read === "string" ? [read] : manifestProblems(read)),
      ...(semver.valid(json.version ?? "") ? [] : ["its package.json names no version: write one such as 1.0.0"]),
      ...(found === undefined ? [] : entryProblems(dir)),
      ...ownCopies(tree),
      ...(await foreignDependencies(folder, tree)),
      ...(await treeProblems(folder, tree)),
      ...signed.problems,
    ],
    warnings: scriptWarnings(json),
  };
}

function nothing(problem: string): StagedPlugin {
  return { package: "", found: undefined, signer: null, dependencies: [], problems: [problem], warnings: [] };
}

/** What is wrong with the manifest of an installed plugin by itself. */
export function manifestProblems(found: FoundPlugin): string[] {
  const { id } = found.manifest;
  return [
    ...incompatibilities(found),
    ...(reserved.has(id) ? [`the id ${id} is the panel's own: choose another`] : []),
  ];
}

/** What is wrong with the file that is imported. */
export function entryProblems(dir: string): string[] {
  try {
    packageEntry(dir);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

// A second copy of the contract would make services of its own, which nobody fills.
function ownCopies({ entries }: Tree): string[] {
  return ["@patchbay/sdk", "@patchbay/kernel"]
    .filter((name) => entries.some(({ path }) => path.endsWith(`node_modules/${name}/package.json`)))
    .map((name) => `it brings a copy of ${name}: list it under peerDependencies instead of dependencies`);
}

// An older npm does not know how to keep to the registry: it would copy what the panel can read, or fetch from anywhere.
async function foreignDependencies(folder: string, { entries }: Tree): Promise<string[]> {
  const manifests = entries.filter(({ path }) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path));
  const found: string[] = [];
  for (const { path } of manifests) {
    const { name, dependencies, optionalDependencies } = (await readJson(join(folder, path))) as PackageJson;
    const specs = Object.values({ ...dependencies, ...optionalDependencies });
    if (specs.some((spec) => /[/:]/.test(String(spec).replace(/^npm:(?:@[\w.~-]+\/)?/, ""))))
      found.push(name ?? "a package");
  }
  return found.map(
    (name) => `${name} depends on a folder, a git repository or an address: use packages of the registry`,
  );
}

function scriptWarnings({ scripts }: PackageJson): string[] {
  const present = lifecycle.filter((name) => scripts !== undefined && Object.hasOwn(scripts, name));
  return present.length === 0 ? [] : [`its scripts ${present.join(", ")} were not run, and never are`];
}

async function readSignature(dir: string): Promise<{ key: string | null; problems: readonly string[] }> {
  const text = await readFile(join(dir, signatureFile), "utf8").catch(() => undefined);
  if (text === undefined) return { key: null, problems: [] };
  // What it bundles is signed with it: its imports find that before anything else.
  const { entries } = await readTree(dir, (path) => path === signatureFile);
  const files = entries.filter(({ kind }) => kind === "file").map(({ path }) => path);
  const checked = checkSignature(text, await hashFiles(dir, files));
  return "key" in checked ? { key: checked.key, problems: [] } : { key: null, problems: checked.problems };
}

async function versionsOf(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of names.slice(0, 500)) {
    const { version } = (await readJson(join(folder, "node_modules", name, "package.json"))) as PackageJson;
    found.push(version === undefined ? name : `${name}@${version}`);
  }
  return found;
}

async function readJson(path: string): Promise<unknown> {
  try {
    const json: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof json === "object" && json !== null ? json : {};
  } catch {
    return {};
  }
}
