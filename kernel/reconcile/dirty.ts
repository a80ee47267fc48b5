import type { Db, Read } from "@patchbay/sdk";
import type { Mark } from "../storage/types.ts";
import type { UnitFailure } from "./types.ts";

/** One mark that waits: this unit was touched, by this change or by none. */
export interface DirtyRow extends Mark {
  readonly id: number;
  readonly changeId: string | null;
}

/** Marks to work on. */
export interface Due {
  readonly rows: readonly DirtyRow[];
  /** Those of their changes that are being taken back, with what they failed for. */
  readonly undoing: ReadonlyMap<string, readonly UnitFailure[]>;
}

/** All marks that are due. Marks without a change that failed wait for their time; those of a change never wait. */
export async function takeDirty(read: Read, now: number): Promise<Due> {
  const rows = await read.all<DirtyRow & { readonly failures: string | null }>(
    `select d.id, d.slot, d.unit_key as key, d.change_id as changeId, u.failures from dirty d
     left join blocked b on b.slot = d.slot and b.unit_key = d.unit_key
     left join reconcile_undo u on u.change_id = d.change_id
     where d.change_id is not null or b.retry_at is null or b.retry_at <= ? order by d.id`,
    [now],
  );
  const undoing = new Map<string, readonly UnitFailure[]>();
  for (const { changeId, failures } of rows) {
    if (changeId !== null && failures !== null && !undoing.has(changeId)) undoing.set(changeId, JSON.parse(failures));
  }
  return { rows, undoing };
}

/** Units of a slot that a change has marked, whether or not a pass has taken the mark. */
export async function markedKeys(read: Read, slot: string): Promise<ReadonlySet<string>> {
  const rows = await read.all<{ key: string }>(
    "select distinct unit_key as key from dirty where slot = ? and change_id is not null",
    [slot],
  );
  return new Set(rows.map(({ key }) => key));
}

/** When the next mark that failed is due again. */
export async function nextRetry(read: Read): Promise<number | undefined> {
  const row = await read.get<{ at: number | null }>(
    `select min(b.retry_at) as at from blocked b where exists
       (select 1 from dirty d where d.slot = b.slot and d.unit_key = b.unit_key and d.change_id is null)`,
  );
  return row?.at ?? undefined;
}

/** Marks units without a change, those that are not so marked yet. */
export async function addMarks(db: Db, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  await db.raw(
    `insert into dirty (slot, unit_key, change_id)
     select json_extract(value, '$.slot'), json_extract(value, '$.key'), null from json_each(?) where not exists
       (select 1 from dirty d where d.change_id is null and d.slot = json_extract(value, '$.slot')
          and d.unit_key = json_extract(value, '$.key'))`,
    [JSON.stringify(marks.map(({ slot, key }) => ({ slot, key })))],
  );
}

export async function deleteRows(db: Db, ids: readonly number[]): Promise<void> {
  if (ids.length > 0)
    await db.raw("delete from dirty where id in (select value from json_each(?))", [JSON.stringify(ids)]);
}

const firstRetryMs = 1000;
const longestRetryMs = 300_000;

/** Notes that these units could not be applied, and when to try again: after 1 s, doubling to 5 minutes. */
export async function block(db: Db, failures: readonly UnitFailure[], now: number): Promise<void> {
  if (failures.length === 0) return;
  const rows = failures.map((failure) => ({ ...failure, issues: JSON.stringify(failure.issues) }));
  await db.raw(
    `insert into blocked (slot, unit_key, kind, message, issues, since, attempts, retry_at)
     select json_extract(value, '$.slot'), json_extract(value, '$.key'), json_extract(value, '$.kind'),
       json_extract(value, '$.message'), json_extract(value, '$.issues'), ?, 1, ? from json_each(?) where true
     on conflict do update set kind = excluded.kind, message = excluded.message, issues = excluded.issues,
       attempts = attempts + 1, retry_at = ? + min(?, ? * (1 << min(attempts, 20)))`,
    [now, now + firstRetryMs, JSON.stringify(rows), now, longestRetryMs, firstRetryMs],
  );
}

export async function unblock(db: Db, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  await db.raw(
    `delete from blocked where (slot, unit_key) in (
       select json_extract(value, '$.slot'), json_extract(value, '$.key') from json_each(?))`,
    [JSON.stringify(marks.map(({ slot, key }) => ({ slot, key })))],
  );
}
