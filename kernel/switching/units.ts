import type { Read, Slot, Unit } from "@patchbay/sdk";

/** Units that are loaded at a time. */
const pageSize = 500;

/** The units that go with the choice of the backend, those that are assigned to nobody, a page at a time. */
export async function* concernedKeys(slot: Slot, read: Read): AsyncGenerator<readonly string[]> {
  for (let after = ""; ; ) {
    const keys = await slot.keys(read, after, pageSize);
    const assigned = await slot.assigned?.(read, keys);
    const concerned = assigned ? keys.filter((key) => !assigned.has(key)) : keys;
    if (concerned.length > 0) yield concerned;
    const last = keys.at(-1);
    if (last === undefined || keys.length < pageSize) return;
    after = last;
  }
}

export async function countConcerned(slot: Slot, read: Read): Promise<number> {
  let count = 0;
  for await (const keys of concernedKeys(slot, read)) count += keys.length;
  return count;
}

/** The same with their desired state. */
export async function* concernedUnits(slot: Slot, read: Read): AsyncGenerator<ReadonlyMap<string, Unit>> {
  for await (const keys of concernedKeys(slot, read)) yield slot.load(read, keys);
}
