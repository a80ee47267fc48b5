import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isPanelError, ProviderError } from "@patchbay/sdk";
import { type FoundPlugin, readManifest } from "../manifest.ts";
import { packageEntry } from "../package-entry.ts";
import { grantsReview } from "./fitting.ts";
import { findPanelPackages, linkPanelPackages } from "./folders.ts";
import { entryProblems, manifestProblems } from "./package.ts";
import type { InstallRoom } from "./parts.ts";
import { needsRoot, refused } from "./refusals.ts";
import type { InstalledVersion, InstallRow } from "./rows.ts";
import type { OpenedInstall } from "./types.ts";
import { verifyInstalled } from "./verify.ts";

/** Checks an installed version in its folder. Never throws for a bad plugin. */
export async function openVersion(
  room: Pick<InstallRoom, "instance">,
  folder: string,
  { id, package: name, digest }: InstalledVersion & { readonly id: string },
): Promise<OpenedInstall | { readonly problems: readonly string[] }> {
  const changed = await verifyInstalled(folder, digest);
  if (changed.length > 0) return { problems: changed.map((problem) => `${id}: ${problem}`) };
  const dir = join(folder, "node_modules", name);
  const found = readManifest(await readFile(join(dir, "package.json"), "utf8"), dir);
  if (typeof found === "string") return { problems: [found] };
  const problems = [...manifestProblems(found), ...entryProblems(dir).map((problem) => `${id}: ${problem}`)];
  if (found.manifest.id !== id) problems.push(`${id}: its files are those of another plugin: install it again`);
  try {
    await linkPanelPackages(folder, await findPanelPackages(room.instance.root));
  } catch (error) {
    problems.push(`${id}: ${(error as Error).message}`);
  }
  return problems.length > 0 ? { problems } : { found, entry: packageEntry(dir) };
}

/** Tells the helper that the grants of a plugin hold. Throws PLUGIN_NEEDS_ROOT or PLUGIN_REFUSED. */
export async function admit(room: InstallRoom, { manifest, version }: FoundPlugin): Promise<void> {
  const { id, packages, grants } = manifest;
  try {
    await room.helper.call("plugin.admit", { manifest: { id, packages, grants }, version });
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== "terminal") throw error;
    const { root } = grantsReview(room, manifest);
    throw root.length > 0 ? needsRoot(id, root) : refused([error.message], 409);
  }
}

/**
 * Puts the version that waits in the place of the one that is used, and runs it where that one ran. Rejects with everything as
 * it was.
 */
export async function takeOver(room: InstallRoom, used: InstallRow, waiting: InstalledVersion): Promise<void> {
  const { folders, live } = room;
  const { id } = used;
  const before = await openVersion(room, folders.current(id), used);
  await folders.promote(id);
  try {
    const opened = await openVersion(room, folders.current(id), { ...waiting, id });
    if ("problems" in opened) throw refused(opened.problems, 409);
    await admit(room, opened.found);
    await live.replace(opened);
  } catch (error) {
    await folders.demote(id);
    if ("found" in before) await admit(room, before.found).catch(() => undefined);
    throw isPanelError(error) ? error : refused([`the new version cannot be run: ${(error as Error).message}`], 409);
  }
}
