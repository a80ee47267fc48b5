import type { Db, Migration } from "@patchbay/sdk";

/** The table of load samples. */
export const migrations: readonly Migration[] = [{ id: "001-server-samples", up: createTables }];

async function createTables(db: Db): Promise<void> {
  await db.schema.createTable("server_samples", (table) => {
    table.increments("id");
    // Start of the five minutes it stands for: one sample each, however often the job runs.
    table.bigInteger("recorded_at").notNullable().unique();
    for (const value of ["cpu_pct", "ram_pct", "disk_pct", "load_1m", "load_5m", "load_15m"]) {
      table.double(value).notNullable();
    }
  });
}
