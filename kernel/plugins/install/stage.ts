import { rm } from "node:fs/promises";
import { join } from "node:path";
import { NpmError, npmInstall } from "../../host/npm.ts";
import type { FoundPlugin } from "../manifest.ts";
import { readTree } from "./files.ts";
import { fittingProblems } from "./fitting.ts";
import { findPanelPackages, linkPanelPackages, openToReaders } from "./folders.ts";
import { readStaged, type StagedPlugin } from "./package.ts";
import type { InstallRoom } from "./parts.ts";
import { npmFailed, refused, unsigned } from "./refusals.ts";
import { findRow, type InstallRow } from "./rows.ts";
import { findSource, sourceProblems } from "./source.ts";
import { recordInstalled } from "./verify.ts";

/** A plugin that passed every check and lies in a folder of its own, not in its place yet. */
export interface Candidate extends StagedPlugin {
  readonly found: FoundPlugin;
  readonly folder: string;
  /** Of its files. */
  readonly digest: string;
  /** What is there of it already. */
  readonly row: InstallRow | undefined;
}

/**
 * Fetches a plugin, checks it and hands it to `use`; then the folder goes, unless it was moved. Rejects with a PanelError that
 * names everything that is wrong at once.
 */
export async function withCandidate<T>(
  room: InstallRoom,
  { source, allowUnsigned }: { readonly source: string; readonly allowUnsigned: boolean },
  use: (candidate: Candidate) => Promise<T>,
): Promise<T> {
  const place = await findSource(source);
  const before = await sourceProblems(place);
  if (before.length > 0) throw refused(before, 422);
  const folder = await room.folders.stage();
  try {
    await fetchInto(room, folder, place.spec);
    const staged = await readStaged(folder);
    const { found } = staged;
    const row = found && (await findRow(room.storage.read, found.manifest.id));
    const beside = found ? await fittingProblems(room, found, { package: staged.package, row }) : [];
    if (staged.problems.length > 0) throw refused([...staged.problems, ...beside], 422);
    if (beside.length > 0 || !found) throw refused(beside, 409);
    if (staged.signer === null && !allowUnsigned) throw unsigned();
    const digest = await seal(room, folder);
    return await use({ ...staged, found, folder, digest, row });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchInto(room: InstallRoom, folder: string, spec: string): Promise<void> {
  try {
    await npmInstall(spec, {
      folder,
      home: room.instance.panel,
      isTooLarge: async () => (await readTree(folder)).tooLarge,
    });
  } catch (error) {
    if (!(error instanceof NpmError)) throw error;
    room.logger.warn("npm could not install a plugin", { reason: error.reason, output: error.output });
    throw npmFailed(error);
  }
}

/** Leaves nothing but the packages, readable by all, and writes down what they are. */
async function seal(room: InstallRoom, folder: string): Promise<string> {
  for (const name of ["package.json", "package-lock.json", "node_modules/.package-lock.json"]) {
    await rm(join(folder, name), { force: true });
  }
  await openToReaders(folder);
  const digest = await recordInstalled(folder);
  await linkPanelPackages(folder, await findPanelPackages(room.instance.root));
  return digest;
}
