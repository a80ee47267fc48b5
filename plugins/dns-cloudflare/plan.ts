import type { RecordSetUnit } from "@patchbay/dns/contract";
import { type ApiRecord, answers, mark, type NewRecord, type RecordBatch, toBody } from "./records.ts";

/** What a record set was and shall be. */
export interface SetChange {
  /** Undefined: it goes. */
  readonly wanted: RecordSetUnit | undefined;
  /** Undefined: nobody knows. */
  readonly previous: RecordSetUnit | undefined;
}

/**
 * The fewest calls that make a zone's records answer what is wanted. Only records the panel made, or applied before, are
 * changed or deleted; all others stay. A record whose content changes is changed in place, so that it keeps its proxied
 * flag, comment and tags.
 */
export function planRecords(changes: readonly SetChange[], existing: readonly ApiRecord[]): RecordBatch {
  const plans = changes.map((change) => planSet(change, existing));
  return {
    deletes: plans.flatMap((plan) => plan.deletes),
    patches: plans.flatMap((plan) => plan.patches),
    posts: plans.flatMap((plan) => plan.posts),
  };
}

function planSet({ wanted, previous }: SetChange, existing: readonly ApiRecord[]): RecordBatch {
  const set = wanted ?? previous;
  if (set === undefined) return { deletes: [], patches: [], posts: [] };
  const records = recordsOf(set, existing);
  const missing = [...(wanted?.data ?? [])];
  const kept: ApiRecord[] = [];
  const surplus: ApiRecord[] = [];
  for (const record of records) {
    const at = missing.findIndex((text) => answers(record, set, text));
    if (at >= 0) {
      missing.splice(at, 1);
      kept.push(record);
    } else if (isOurs(record, set, previous)) surplus.push(record);
  }
  const replaced = surplus.slice(0, missing.length);
  const ttl = wanted?.ttl ?? 1;
  const about = { name: set.name, type: set.type };
  return {
    deletes: surplus.slice(replaced.length).map(({ id }) => ({ id })),
    patches: [
      ...kept.filter((record) => ttlDiffers(record, ttl)).map(({ id }) => ({ id, ...about, ttl })),
      ...replaced.map((record, at) => ({
        id: record.id,
        ...about,
        ttl: record.proxied === true ? record.ttl : ttl,
        ...toBody(set.type, missing[at] ?? ""),
      })),
    ],
    posts: missing.slice(replaced.length).map(
      (text): NewRecord => ({
        ...about,
        ttl,
        comment: mark,
        ...toBody(set.type, text),
      }),
    ),
  };
}

/** Records of a set's owner and type. */
export function recordsOf(set: Pick<RecordSetUnit, "name" | "type">, existing: readonly ApiRecord[]): ApiRecord[] {
  return existing.filter(({ name, type }) => type === set.type && name.toLowerCase() === set.name);
}

/** Cloudflare chooses the TTL of what is proxied. */
export function ttlDiffers(record: ApiRecord, ttl: number): boolean {
  return record.proxied !== true && record.ttl !== ttl;
}

function isOurs(record: ApiRecord, set: RecordSetUnit, previous: RecordSetUnit | undefined): boolean {
  return record.comment === mark || (previous?.data ?? []).some((text) => answers(record, set, text));
}

export function isEmpty({ deletes, patches, posts }: RecordBatch): boolean {
  return deletes.length + patches.length + posts.length === 0;
}

/** Cloudflare takes at most this many changes at once on every plan. */
const mostChanges = 200;

/** Parts that are small enough to be sent. Deletes come first, because what is posted may take their place. */
export function splitBatch(batch: RecordBatch): readonly RecordBatch[] {
  const { deletes, patches, posts } = batch;
  if (deletes.length + patches.length + posts.length <= mostChanges) return [batch];
  const parts = <T>(list: readonly T[]): T[][] =>
    Array.from({ length: Math.ceil(list.length / mostChanges) }, (_, at) =>
      list.slice(at * mostChanges, (at + 1) * mostChanges),
    );
  return [
    ...parts(deletes).map((part) => ({ deletes: part, patches: [], posts: [] })),
    ...parts(patches).map((part) => ({ deletes: [], patches: part, posts: [] })),
    ...parts(posts).map((part) => ({ deletes: [], patches: [], posts: part })),
  ];
}
