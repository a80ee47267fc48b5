import type { FileImport } from "./import-scanner.ts";
import { isTestPath, type SourceFile, type Violation } from "./source-file.ts";

const isRelative = (specifier: string) => specifier.startsWith(".");

/** The npm package of a bare import, undefined for Node's own modules and relative paths. */
export function packageOf(specifier: string): string | undefined {
  if (isRelative(specifier) || specifier.startsWith("node:")) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The file a relative import means, as a path of the checkout. */
export function resolveRelative(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function ownerOf(path: string): string {
  const parts = path.split("/");
  return parts[0] === "plugins" ? `plugins/${parts[1] ?? ""}` : (parts[0] ?? "");
}

function arrowProblem(file: SourceFile, { specifier }: FileImport): string | undefined {
  if (isRelative(specifier)) {
    const target = resolveRelative(file.path, specifier);
    if (!file.isTest && isTestPath(target)) return `uses test code, ${target}`;
    const owner = ownerOf(target);
    return owner === file.owner || (file.isTest && owner === "test")
      ? undefined
      : `reaches into ${owner} by a relative path`;
  }
  if (!specifier.startsWith("@patchbay/")) return undefined;
  const [, name = "", ...rest] = specifier.split("/");
  const below = rest.join("/");
  if (name === "sdk") {
    if (below === "testing" || below === "conformance") return file.isTest ? undefined : "uses test code of the sdk";
    return below === "privileged" && file.owner !== "kernel" ? "uses the privileged contract" : undefined;
  }
  if (file.owner === "sdk") return `the sdk imports ${specifier}`;
  if (file.owner === "kernel") return `the kernel imports ${specifier}`;
  return name !== "kernel" && below === "contract" ? undefined : `a plugin imports ${specifier}`;
}

/** Arrows: plugins → sdk and other plugins' contracts, kernel → sdk, sdk → nothing of ours. */
export function checkArrows(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) =>
    file.imports.flatMap((one) => {
      const rule = arrowProblem(file, one);
      return rule === undefined ? [] : [{ path: file.path, rule }];
    }),
  );
}

/** Reads `room → packages only it imports` from the table of rooms in docs/architecture.md. */
export function parseSoleImporters(document: string): Map<string, string> {
  const table = new Map<string, string>();
  for (const line of document.split("\n")) {
    const [, room, packages] = /^\|\s*`(\w+)\/`\s*\|.*\|([^|]*)\|\s*$/.exec(line) ?? [];
    if (room === undefined || packages === undefined) continue;
    for (const name of packages.split(",").map((part) => part.trim())) if (name !== "") table.set(name, room);
  }
  return table;
}

/** Every library that has a room of its own is imported there only. Types of knex may show in the sdk's storage contract. */
export function checkSoleImporters(files: readonly SourceFile[], owners: ReadonlyMap<string, string>): Violation[] {
  const allowed = (file: SourceFile, one: FileImport, room: string) =>
    file.room === room ||
    (file.path === "sdk/storage.ts" && one.specifier === "knex" && one.typeOnly) ||
    // The panel's own certificate and those of the domains are made with the same library.
    (file.owner === "plugins/certificates" && one.specifier === "selfsigned");
  return files
    .filter((file) => !file.isTest)
    .flatMap((file) =>
      file.imports.flatMap((one) => {
        const room = owners.get(packageOf(one.specifier) ?? "");
        if (room === undefined || allowed(file, one, room)) return [];
        return [{ path: file.path, rule: `${one.specifier} belongs to kernel/${room}` }];
      }),
    );
}

const hostModules = new Map<string, readonly string[]>([
  ["fs", ["helper", "host", "http", "cli", "storage", "plugins", "isolation"]],
  ["child_process", ["helper", "host", "http", "cli"]],
  ["net", ["helper", "host", "http", "cli", "isolation"]],
  ["dgram", ["host"]],
]);

/** Files, processes and sockets are touched in a few rooms only; types of them may be named anywhere. */
export function checkHostModules(files: readonly SourceFile[]): Violation[] {
  return files
    .filter((file) => !file.isTest)
    .flatMap((file) =>
      file.imports.flatMap(({ specifier, typeOnly }) => {
        const name = /^(?:node:)?(fs|child_process|net|dgram)(?:\/.*)?$/.exec(specifier)?.[1];
        if (name === undefined || typeOnly || hostModules.get(name)?.includes(file.room)) return [];
        return [{ path: file.path, rule: `${specifier} is not for ${file.room || file.owner}` }];
      }),
    );
}

/** The helper is small enough to be read in full: Node, valibot, the privileged contract, its own files; types of the sdk. */
export function checkHelper(files: readonly SourceFile[]): Violation[] {
  const allowed = ({ specifier, typeOnly }: FileImport, path: string) =>
    (typeOnly && specifier === "@patchbay/sdk") ||
    (isRelative(specifier)
      ? resolveRelative(path, specifier).startsWith("kernel/helper/")
      : /^(node:.*|valibot|@patchbay\/sdk\/privileged)$/.test(specifier));
  return files
    .filter((file) => file.room === "helper" && !file.isTest)
    .flatMap((file) =>
      file.imports
        .filter((one) => !allowed(one, file.path))
        .map((one) => ({ path: file.path, rule: `the helper imports ${one.specifier}` })),
    );
}

/** The kernel names no plugin: neither its package nor, for a name that is no ordinary word, its id. */
export function checkPluginNames(files: readonly SourceFile[], pluginIds: readonly string[]): Violation[] {
  const patterns = pluginIds.map((id) => {
    const path = `(?:@patchbay|plugins)/${id}`;
    const bare = id.includes("-") ? `|${id}` : "";
    return { id, pattern: new RegExp(`(?<![\\w-])(?:${path}${bare})(?![\\w-])`) };
  });
  return files
    .filter((file) => file.owner === "kernel" && !file.isTest)
    .flatMap((file) =>
      patterns
        .filter(({ pattern }) => file.masked.strings.some((text) => pattern.test(text)))
        .map(({ id }) => ({ path: file.path, rule: `names the plugin ${id}` })),
    );
}
