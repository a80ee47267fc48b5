import type { Read } from "@patchbay/sdk";
import type { SlotEntry } from "../slots/slot-table.ts";
import type { Ledger } from "./ledger.ts";

/** Keys that are read, and units that are rendered, at a time. */
export const pageSize = 500;

/** Parts of a list, in its order; none of an empty one. */
export function toPages<T>(items: readonly T[], size = pageSize): readonly (readonly T[])[] {
  const pages: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += size) pages.push(items.slice(from, from + size));
  return pages;
}

export interface AllKeys {
  /** Everything that is or should be, sorted. */
  readonly keys: readonly string[];
  /** What is and should not be. */
  readonly leaving: readonly string[];
}

/** Every key of a slot, wanted or applied. */
export async function allKeys(entry: SlotEntry, read: Read, ledger: Ledger): Promise<AllKeys> {
  const wanted = new Set(await collect((after) => entry.slot.keys(read, after, pageSize)));
  const applied = await collect((after) => ledger.keys(entry.slot.id, after, pageSize));
  const leaving = applied.filter((key) => !wanted.has(key));
  return { keys: [...wanted, ...leaving].sort(), leaving };
}

async function collect(page: (after: string) => Promise<readonly string[]>): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let after = ""; ; ) {
    const found = await page(after);
    keys.push(...found);
    const last = found.at(-1);
    if (last === undefined || found.length < pageSize) return keys;
    after = last;
  }
}
