import type { Clock, Schedule } from "@patchbay/sdk";
import { purgeExpired } from "./auth/purge.ts";
import { pruneOperations } from "./operations/task-log.ts";
import type { Storage } from "./storage/types.ts";

const day = 24 * 60 * 60 * 1000;

/** Forgets what the kernel need not remember: ended sessions, and answers and keys older than two days. */
export function pruneSchedules(storage: Storage, clock: Clock): readonly Schedule[] {
  return [
    {
      id: "kernel.retention",
      cron: "17 3 * * *",
      run: async () => {
        await storage.change(async ({ db, tables }) => {
          const now = clock.now();
          await purgeExpired(db, now);
          await pruneOperations(db, now - 2 * day);
          tables.add("sessions");
        });
      },
    },
  ];
}
