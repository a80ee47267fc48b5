import type { Db } from "@patchbay/sdk";

const day = 24 * 60 * 60 * 1000;

/** Deletes sessions past their end and failed logins nobody counts any more. Nobody can tell the difference. */
export async function purgeExpired(db: Db, now: number): Promise<void> {
  await db("sessions").where("expires_at", "<=", now).delete();
  await db("login_failures")
    .where("last_at", "<", now - day)
    .where("locked_until", "<", now)
    .delete();
}
