import type { Host } from "../host/types.ts";
import type { Place } from "./deployment.ts";
import { adoptedKey, baseKey, fileId, type Item } from "./item.ts";
import type { FileRecord, Ledger } from "./ledger.ts";
import { observeFiles } from "./pending.ts";

/**
 * Looks at the files of a provider that sleeps before they are touched: nobody watched over them, so what another hand did
 * to them is written over. When it is woken that is its whole tree, otherwise the files of these items.
 */
export async function observeSleeping(
  context: { host: Host; ledger: Ledger; observed: Map<string, string | null> },
  slot: string,
  { place, items }: { place: Place; items: readonly Item[] },
): Promise<void> {
  if (place.awake || items.length === 0) return;
  const { plugin } = place.candidate;
  const wakes = items.some((item) => item.key === baseKey);
  const files = wakes
    ? (await context.ledger.pluginFiles(plugin)).filter((file) => file.slot === slot || file.slot === "")
    : await context.ledger.files(plugin, [...new Set(items.flatMap(pathsOf))]);
  const actual = await observeFiles(context.host, files);
  for (const [at, file] of files.entries()) {
    if (isOurs(file) && actual[at] !== file.sha256) context.observed.set(fileId(plugin, file.path), actual[at] ?? null);
  }
}

function pathsOf({ before }: Item): readonly string[] {
  return [...(before?.rendered.files ?? []), ...(before?.rendered.lines ?? []).map((line) => line.file)];
}

/** A file that somebody else made, and that was accepted, is none of ours. */
function isOurs(file: FileRecord): boolean {
  return file.key !== adoptedKey;
}
