import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface PluginFolder {
  readonly name?: string;
  readonly version?: string;
  /** Over the manifest of a plugin that asks for nothing; null: no manifest. */
  readonly manifest?: Readonly<Record<string, unknown>> | null;
  /** Over the rest of package.json. */
  readonly package?: Readonly<Record<string, unknown>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** Writes the folder of a plugin as an author has it, with modes as git makes them. */
export function writePlugin(folder: string, plugin: PluginFolder = {}): string {
  const manifest = { id: "notes", title: "Notes", sdk: "^1.0.0", ...plugin.manifest };
  const json = {
    name: plugin.name ?? "patchbay-notes",
    version: plugin.version ?? "1.0.0",
    type: "module",
    exports: "./index.js",
    ...(plugin.manifest === null ? {} : { patchbay: manifest }),
    ...plugin.package,
  };
  const files = {
    "index.js": "export default { $type: 'patchbay/plugin', version: 1, contribute() {} };\n",
    ...plugin.files,
    "package.json": JSON.stringify(json, null, 2),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), 0o644);
  }
  return folder;
}

/** Packs a folder with npm. Answers the path of the tarball. */
export function packPlugin(folder: string, into: string): string {
  const env = { ...process.env, npm_config_ignore_scripts: "true" };
  const output = execFileSync("npm", ["pack", "--json", "--pack-destination", into], { cwd: folder, env });
  const [packed] = JSON.parse(output.toString("utf8")) as { filename: string }[];
  return join(into, packed?.filename ?? "");
}
