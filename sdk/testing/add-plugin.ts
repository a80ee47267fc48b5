import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiAnswer } from "../conformance/panel.ts";

/** Calls an operation of the panel as its admin. */
export type AdminCall = (
  method: "GET" | "POST",
  path: string,
  input: Readonly<Record<string, unknown>>,
) => Promise<ApiAnswer>;

/** Where a plugin is, and where its tarball may be put for the panel to read. */
export interface AddedPlugin {
  /** Folder with its package.json and what was built. */
  readonly folder: string;
  readonly work: string;
  readonly enable: boolean;
}

/**
 * Installs a plugin as an admin would: what npm packs of its folder, approved with everything it asks for. Rejects with what
 * the panel says when it refuses. Resolves with the plugin's id.
 */
export async function addPlugin(call: AdminCall, { folder, work, enable }: AddedPlugin): Promise<string> {
  const id = idOf(folder);
  const source = await pack(folder, work);
  const must = async (path: string, input: Readonly<Record<string, unknown>>) => {
    const { status, text } = await call("POST", path, input);
    if (status !== 200) throw new Error(`${path} of the plugin ${id} answered ${status}: ${text}`);
  };
  await must("plugins/install", { source, allow_unsigned: true });
  await must("plugins/approve", { id });
  if (enable) await must("plugins/enable", { id });
  return id;
}

function idOf(folder: string): string {
  const { patchbay } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { patchbay?: { id?: string } };
  if (patchbay?.id === undefined)
    throw new Error(`${folder} is no plugin: its package.json has no "patchbay" with an id`);
  return patchbay.id;
}

/** The same files an admin would get from the registry. No script of the package is run. */
async function pack(folder: string, work: string): Promise<string> {
  const target = mkdtempSync(join(work, "packed-"));
  // The panel's own user reads it.
  chmodSync(target, 0o755);
  const printed = await npm(folder, ["pack", "--json", "--ignore-scripts", "--pack-destination", target]);
  const [packed] = JSON.parse(printed) as readonly { readonly filename: string }[];
  if (packed === undefined) throw new Error(`npm packed nothing of ${folder}`);
  return join(target, packed.filename);
}

function npm(cwd: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("npm", args, { cwd, encoding: "utf8" }, (error, stdout, stderr) =>
      error ? reject(new Error(`npm ${args[0]} failed in ${cwd}: ${stderr}`, { cause: error })) : resolve(stdout),
    );
  });
}
