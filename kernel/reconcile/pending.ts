import type { Host } from "../host/types.ts";
import type { Change, Mark, Storage } from "../storage/types.ts";
import { addMarks } from "./dirty.ts";
import { type FileRecord, Ledger } from "./ledger.ts";
import { distrustUnits, putFiles, putState } from "./ledger-write.ts";

/*
 * How disk, ledger and running daemons stay the same although two processes write.
 *
 * The helper has a journal of its own: what is not committed there is rolled back, files and daemons, at the next start.
 * So the helper's commit is the moment a batch becomes real, and the ledger follows it:
 *
 *   stage, test → [1] pending record in the database → swap, activate, probe → [2] helper commits → [3] ledger, in one
 *   transaction with the outcomes of the changes and the end of the pending record.
 *
 * Dead before [2]: recover restores the old files, which is what the ledger says; the dirty rows are still there.
 * Dead between [2] and [3]: the files are new, the ledger is old. The pending record tells which digests would be new. At
 * the next start every file of it is looked at: where the new digest is found the ledger takes it over, and the units of
 * the batch lose their hash, so that they are rendered again, find their files equal, and only complete the ledger.
 * Nothing depends on what the helper remembers: the files themselves tell on which side of [2] it ended.
 *
 * The other order, ledger before the helper's commit, would let recover take back what a caller was told is done.
 */

/** What is about to be put in place. */
export interface Pending {
  readonly tx: string;
  readonly files: readonly FileRecord[];
  readonly marks: readonly Mark[];
}

const pendingKey = "pending";
const generationKey = "generation";

/** The number of the last generation that was rendered. */
export async function readGeneration(ledger: Ledger): Promise<number> {
  return Number((await ledger.state(generationKey)) ?? 0);
}

/** Step [1]. */
export async function recordPending(change: Change, pending: Pending, generation: number): Promise<void> {
  await putState(change.db, pendingKey, JSON.stringify(pending));
  await putState(change.db, generationKey, String(generation));
}

/** Part of step [3]. */
export async function clearPending(change: Change): Promise<void> {
  await putState(change.db, pendingKey, null);
}

/** Takes over what a transaction of which the end was not written down has left. True when the ledger was changed. */
export async function healPending(storage: Storage, host: Host): Promise<boolean> {
  const text = await new Ledger(storage.read).state(pendingKey);
  if (text === undefined) return false;
  const pending = JSON.parse(text) as Pending;
  const live = await filesInPlace(host, pending.files);
  await storage.change(async (change) => {
    if (live.length > 0) {
      await putFiles(change.db, live);
      await distrustUnits(change.db, pending.marks);
      await addMarks(change.db, pending.marks);
    }
    await clearPending(change);
  });
  return live.length > 0;
}

async function filesInPlace(host: Host, files: readonly FileRecord[]): Promise<readonly FileRecord[]> {
  const actual = await observeFiles(host, files);
  return files.filter((file, at) => actual[at] === file.sha256);
}

/** Paths in one message to the helper. */
const pathsPerMessage = 500;

/** Digests of files as they are now, in the same order; null for absent. */
export async function observeFiles(
  host: Host,
  files: readonly { readonly plugin: string; readonly path: string }[],
): Promise<readonly (string | null)[]> {
  const found = new Map<string, string | null>();
  for (const plugin of new Set(files.map((file) => file.plugin))) {
    const paths = files.filter((file) => file.plugin === plugin).map((file) => file.path);
    for (let from = 0; from < paths.length; from += pathsPerMessage) {
      const part = paths.slice(from, from + pathsPerMessage);
      const { digests } = await host.helper.call("tree.digest", { plugin, paths: part });
      for (const path of part) found.set(`${plugin}\n${path}`, digests[path] ?? null);
    }
  }
  return files.map((file) => found.get(`${file.plugin}\n${file.path}`) ?? null);
}
