import { fileId, type Item } from "./item.ts";
import type { FileRecord, Ledger, LineRecord, Snapshot } from "./ledger.ts";
import { type Merge, type MergeOptions, mergeItems, servicesInMotion } from "./merge.ts";

/** Loads the part of the ledger that these items touch and tells what applying them comes to. */
export async function planItems(ledger: Ledger, items: readonly Item[], options: MergeOptions): Promise<Merge> {
  return mergeItems(items, await loadSnapshot(ledger, items, options.orphans), options);
}

/** Reads a constant number of times for each plugin concerned, which is one, and two while a front is handed over. */
async function loadSnapshot(ledger: Ledger, items: readonly Item[], orphans: readonly FileRecord[]): Promise<Snapshot> {
  const files = new Map<string, FileRecord>(orphans.map((file) => [fileId(file.plugin, file.path), file]));
  const lines = new Map<string, Map<string, LineRecord>>();
  for (const plugin of new Set(items.map((item) => item.plugin))) {
    const after = items.filter((item) => item.plugin === plugin).map((item) => item.rendered);
    const before = items.flatMap((item) => (item.plugin === plugin ? (item.before?.rendered ?? []) : []));
    const shared = unique([...after, ...before].flatMap((rendered) => (rendered.lines ?? []).map((line) => line.file)));
    const own = [
      ...after.flatMap((rendered) => (rendered.files ?? []).map((file) => file.path)),
      ...before.flatMap((rendered) => rendered.files),
    ];
    for (const file of await ledger.files(plugin, unique([...own, ...shared])))
      files.set(fileId(plugin, file.path), file);
    for (const [id, found] of await ledger.lines(plugin, shared)) lines.set(id, found);
  }
  const references = await ledger.references(servicesInMotion(items), items.length + 1);
  return { files, lines, references };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
