import type { Db, Read } from "@patchbay/sdk";

/** A job that was claimed. `attempts` counts this claim and, with the owner, tells it from any later claim. */
export interface ClaimedJob {
  readonly id: number;
  readonly uuid: string;
  readonly queue: string;
  readonly payload: string;
  readonly attempts: number;
  readonly max_attempts: number;
}

export interface NewJob {
  readonly uuid: string;
  readonly queue: string;
  readonly payload: string;
  readonly runAt: number;
  readonly dedupeKey: string | null;
  readonly maxAttempts: number;
  /** Change whose end it waits for; null: it is ready at once. */
  readonly heldBy: string | null;
  readonly now: number;
}

/** How a claim ended. */
export type JobEnd =
  | { readonly kind: "done" }
  | { readonly kind: "retry"; readonly runAt: number; readonly error: string }
  | { readonly kind: "dead"; readonly error: string }
  /** The worker is stopping: the attempt does not count. */
  | { readonly kind: "released" };

const lost = "the process ended before the job did";

/** False when a job with this dedupe key is waiting or running. */
export async function insertJob(db: Db, job: NewJob): Promise<boolean> {
  const inserted: unknown[] = await db("jobs")
    .insert({
      uuid: job.uuid,
      queue: job.queue,
      payload: job.payload,
      run_at: job.runAt,
      dedupe_key: job.dedupeKey,
      max_attempts: job.maxAttempts,
      held_by: job.heldBy,
      state: job.heldBy === null ? "ready" : "held",
      created_at: job.now,
      updated_at: job.now,
    })
    .onConflict("dedupe_key")
    .ignore()
    .returning("id");
  return inserted.length > 0;
}

/** Lets the jobs that wait for a change run, or forgets them when the change was undone. */
export async function releaseHeld(db: Db, heldBy: string, keep: boolean, now: number): Promise<void> {
  const held = db("jobs").where({ held_by: heldBy, state: "held" });
  if (keep) await held.update({ state: "ready", run_at: now, updated_at: now });
  else await held.delete();
}

/** Takes up to `limit` due jobs of these queues. A job whose lease ran out counts as due: its worker is gone. */
export async function claimJobs(
  db: Db,
  claim: { owner: string; queues: readonly string[]; limit: number; now: number; until: number },
): Promise<ClaimedJob[]> {
  const due = db("jobs")
    .where({ state: "ready" })
    .where("run_at", "<=", claim.now)
    .whereRaw("(lease_until IS NULL OR lease_until <= ?)", [claim.now])
    .whereIn("queue", [...claim.queues])
    .orderBy([{ column: "run_at" }, { column: "id" }])
    .limit(claim.limit)
    .select("id");
  const claimed = (await db("jobs")
    .whereIn("id", due)
    .update({
      lease_owner: claim.owner,
      lease_until: claim.until,
      attempts: db.raw("attempts + 1"),
      updated_at: claim.now,
    })
    .returning(["id", "uuid", "queue", "payload", "attempts", "max_attempts"])) as ClaimedJob[];
  return claimed.sort((a, b) => a.id - b.id);
}

/** Ends the jobs that were claimed as often as they may be and whose last worker never answered. */
export async function buryLostJobs(db: Db, now: number): Promise<number> {
  return db("jobs")
    .where({ state: "ready" })
    .where("lease_until", "<=", now)
    .whereRaw("attempts >= max_attempts")
    .update({
      state: "dead",
      last_error: lost,
      dedupe_key: null,
      lease_owner: null,
      lease_until: null,
      updated_at: now,
    });
}

/** Writes how a claim ended. Changes nothing when the job was claimed again meanwhile. */
export async function endClaim(
  db: Db,
  claim: { owner: string; job: ClaimedJob; end: JobEnd; now: number },
): Promise<boolean> {
  const { owner, job, end, now } = claim;
  const changed = await db("jobs")
    .where({ id: job.id, state: "ready", lease_owner: owner, attempts: job.attempts })
    .update({ ...patchOf(end, job), lease_owner: null, lease_until: null, updated_at: now });
  return changed === 1;
}

function patchOf(end: JobEnd, job: ClaimedJob): Readonly<Record<string, string | number | null>> {
  switch (end.kind) {
    case "done":
      return { state: "done", dedupe_key: null, last_error: null };
    case "dead":
      return { state: "dead", dedupe_key: null, last_error: end.error };
    case "retry":
      return { run_at: end.runAt, last_error: end.error };
    case "released":
      return { attempts: job.attempts - 1 };
  }
}

/** Prolongs the leases of these claims. Returns the ids that are still ours. */
export async function prolongLeases(
  db: Db,
  claim: { owner: string; jobs: readonly ClaimedJob[]; until: number },
): Promise<ReadonlySet<number>> {
  const held = new Set<number>();
  for (const job of claim.jobs) {
    const changed = await db("jobs")
      .where({ id: job.id, state: "ready", lease_owner: claim.owner, attempts: job.attempts })
      .update({ lease_until: claim.until });
    if (changed === 1) held.add(job.id);
  }
  return held;
}

/** When the next job of these queues may be claimed: now or earlier, a time to come, or undefined for none. */
export async function nextDue(read: Read, queues: readonly string[]): Promise<number | undefined> {
  const marks = queues.map(() => "?").join(", ");
  const row = await read.get<{ at: number | null }>(
    `SELECT min(at) AS at FROM (
       SELECT * FROM (SELECT run_at AS at FROM jobs
         WHERE state = 'ready' AND lease_until IS NULL AND queue IN (${marks}) ORDER BY run_at LIMIT 1)
       UNION ALL
       SELECT min(lease_until) FROM jobs WHERE state = 'ready' AND lease_until > 0 AND queue IN (${marks}))`,
    [...queues, ...queues],
  );
  return row?.at ?? undefined;
}

/** Forgets jobs that were done before `before`. Dead ones stay: somebody has to look at them. */
export async function pruneDone(db: Db, before: number): Promise<number> {
  return db("jobs").where({ state: "done" }).where("updated_at", "<", before).delete();
}
