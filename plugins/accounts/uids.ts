import type { Db, HostInfo } from "@patchbay/sdk";
import { uidsExhausted } from "./errors.ts";

/** OS user ids that accounts may have. */
export interface UidRange {
  readonly firstUid: number;
  readonly count: number;
}

/** Where all accounts run as one user their ids only tell the rows apart. */
const withoutUsers: UidRange = { firstUid: 20_000, count: 1_000_000 };

/** The range of this host. */
export function uidRange(host: HostInfo): UidRange {
  return host.multiUser ? host.accounts : withoutUsers;
}

/**
 * Takes the next OS user id, round the whole range before one is given again: whatever a terminated account left behind
 * belongs to nobody for as long as possible. Written past the intents, so that a change that is taken back keeps its id too.
 */
export async function takeUid(db: Db, range: UidRange): Promise<number> {
  const end = range.firstUid + range.count;
  const row: { next: number } | undefined = await db("account_uids").where({ id: 1 }).first("next");
  const start = row && row.next > range.firstUid && row.next < end ? row.next : range.firstUid;
  const uid = (await firstFree(db, start, end)) ?? (await firstFree(db, range.firstUid, start));
  if (uid === undefined) throw uidsExhausted();
  await db("account_uids")
    .insert({ id: 1, next: uid + 1 })
    .onConflict("id")
    .merge(["next"]);
  return uid;
}

async function firstFree(db: Db, from: number, end: number): Promise<number | undefined> {
  if (from >= end) return undefined;
  const isFree = (await db("accounts").where({ uid: from }).first("uid")) === undefined;
  if (isFree) return from;
  const rows: { uid: number }[] = await db("accounts")
    .whereBetween("uid", [from, end - 1])
    .orderBy("uid")
    .select("uid");
  let candidate = from;
  for (const { uid } of rows) {
    if (uid > candidate) break;
    candidate = uid + 1;
  }
  return candidate < end ? candidate : undefined;
}
