import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "@patchbay/sdk";
import { type GrantReview, reviewGrants } from "../../helper/plugin-rules.ts";
import { type FoundPlugin, readManifest } from "../manifest.ts";
import { arrange } from "../requirements.ts";
import type { InstallRoom } from "./parts.ts";
import { allRows, type InstallRow } from "./rows.ts";

/** How the helper will judge what a plugin asks for. */
export function grantsReview({ layout }: Pick<InstallRoom, "layout">, { id, packages, grants }: Manifest): GrantReview {
  return reviewGrants({ id, packages, grants }, layout);
}

/** Why a plugin does not fit beside the others that are there. For people. */
export async function fittingProblems(
  room: Pick<InstallRoom, "folders" | "live" | "layout" | "storage">,
  found: FoundPlugin,
  installed: { readonly package: string; readonly row: InstallRow | undefined },
): Promise<string[]> {
  const { manifest } = found;
  const { id } = manifest;
  const bundled = room.live.known().filter(({ source }) => source === "bundled");
  const problems = grantsReview(room, manifest).refusals.map((rule) => `${rule}: it must ask for less`);
  if (bundled.some((other) => other.manifest.id === id)) {
    return [...problems, `the id ${id} is that of a plugin that comes with the panel: choose another`];
  }
  const { row } = installed;
  if (row !== undefined && row.package !== installed.package) {
    problems.push(`the id ${id} is that of the installed package ${row.package}: remove that first, or choose another`);
  }
  const others = [...bundled, ...(await installedManifests(room))].filter((other) => other.manifest.id !== id);
  const plugins = [...others, { manifest }].map((plugin) => ({ ...found, manifest: plugin.manifest }));
  const unmet = arrange(plugins).problems.get(id) ?? [];
  return [...problems, ...unmet.map(withRemedy)];
}

// Those that were installed a moment ago may not be known to the running panel yet.
async function installedManifests({
  folders,
  storage,
}: Pick<InstallRoom, "folders" | "storage">): Promise<FoundPlugin[]> {
  const found: FoundPlugin[] = [];
  for (const { id, package: name } of await allRows(storage.read)) {
    const dir = join(folders.current(id), "node_modules", name);
    const text = await readFile(join(dir, "package.json"), "utf8").catch(() => undefined);
    const read = text === undefined ? "" : readManifest(text, dir);
    if (typeof read !== "string") found.push(read);
  }
  return found;
}

function withRemedy(problem: string): string {
  const circle = problem.startsWith("plugins require each other");
  return `${problem}: ${circle ? "one of them must do without the other" : "install that first"}`;
}
