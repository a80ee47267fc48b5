import type { Db, Read } from "@patchbay/sdk";

/**
 * The last switch of each slot. Whether it is over follows from its operation, so that there is no moment between the end
 * of the one and the end of the other.
 */
export async function isSwitching(read: Read, slot: string): Promise<boolean> {
  const row = await read.get(
    `SELECT s.slot FROM switches s JOIN operations o ON o.id = s.operation_id
     WHERE s.slot = ? AND o.state IN ('queued', 'running')`,
    [slot],
  );
  return row !== undefined;
}

export async function openSwitch(db: Db, slot: string, operation: string): Promise<void> {
  const row = { slot, operation_id: operation, change_id: null };
  await db("switches").insert(row).onConflict("slot").merge();
}

/** To be committed before the change itself: who finds the id and no such change knows that nothing was saved. */
export async function noteChange(db: Db, operation: string, change: string): Promise<void> {
  await db("switches").where({ operation_id: operation }).update({ change_id: change });
}

/** Id of the change in which this switch saved the option, or was about to. */
export async function changeOf(read: Read, operation: string): Promise<string | undefined> {
  const row = await read.get<{ change_id: string | null }>("SELECT change_id FROM switches WHERE operation_id = ?", [
    operation,
  ]);
  return row?.change_id ?? undefined;
}
