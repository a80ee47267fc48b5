import type { Read } from "@patchbay/sdk";
import type { Sealer } from "../storage/types.ts";
import { type AuditRow, emptyLog, type Head, hashRecord } from "./record.ts";

/**
 * What is wrong with the first bad record. An inserted record shows as `changed` (nobody else can make its hash) or, when it
 * took the place of a genuine one, as `reordered`.
 */
export type AuditProblem = "changed" | "removed" | "reordered" | "tail removed";

export interface AuditVerdict {
  readonly ok: boolean;
  /** Records that were found good. */
  readonly records: number;
  readonly firstBad?: { readonly id: number; readonly problem: AuditProblem };
}

const page = 1000;

/** Walks the whole log and compares its end with `anchored`. `lost`: there is no trustworthy anchor. */
export async function verifyLog(
  read: Read,
  sealer: Pick<Sealer, "mac">,
  anchored: Head | "lost",
): Promise<AuditVerdict> {
  let head: Head = emptyLog;
  for await (const row of walk(read)) {
    const due = head.id + 1;
    if (row.id !== due || hashRecord(sealer, head.hash, row) !== row.hash) {
      const elsewhere = await isElsewhere(read, sealer, { due, previous: head.hash, found: row });
      const problem = elsewhere ? "reordered" : row.id > due ? "removed" : "changed";
      return { ok: false, records: head.id, firstBad: { id: due, problem } };
    }
    head = row;
    if (anchored !== "lost" && row.id === anchored.id && row.hash !== anchored.hash) {
      return { ok: false, records: head.id - 1, firstBad: { id: row.id, problem: "changed" } };
    }
  }
  const cutOff = anchored === "lost" ? head.id > 0 : anchored.id > head.id;
  if (cutOff) return { ok: false, records: head.id, firstBad: { id: head.id + 1, problem: "tail removed" } };
  return { ok: true, records: head.id };
}

async function* walk(read: Read): AsyncGenerator<AuditRow> {
  // From below zero: a record that was smuggled in before the first one must be met too.
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const rows = await read.all<AuditRow>("SELECT * FROM audit_log WHERE id > ? ORDER BY id LIMIT ?", [after, page]);
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < page) return;
    after = last.id;
  }
}

/** True when the record that is due exists, under another id. */
async function isElsewhere(
  read: Read,
  sealer: Pick<Sealer, "mac">,
  at: { due: number; previous: string; found: AuditRow },
): Promise<boolean> {
  for await (const row of walk(read)) {
    if (row.id === at.due) continue;
    const genuine = hashRecord(sealer, at.previous, { ...row, id: at.due });
    if (genuine === row.hash || genuine === at.found.hash) return true;
  }
  return false;
}
