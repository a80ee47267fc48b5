import { join } from "node:path";
import type { Clock, Logger } from "@patchbay/sdk";
import { auditMigrations } from "./audit/migrations.ts";
import { authMigrations } from "./auth/migrations.ts";
import type { Instance } from "./instance.ts";
import { jobMigrations } from "./jobs/migrations.ts";
import { createLogger } from "./observe/logger.ts";
import { outcomeMigrations } from "./operations/outcome.ts";
import { pluginMigrations } from "./plugins/migrations.ts";
import { reconcileMigrations } from "./reconcile/migrations.ts";
import { settingsMigrations } from "./settings/migrations.ts";
import { createIds } from "./storage/ids.ts";
import { ensureKey } from "./storage/key.ts";
import { createSealer } from "./storage/sealer.ts";
import { createStorage } from "./storage/storage.ts";
import type { Ids, Sealer, Storage } from "./storage/types.ts";
import { switchMigrations } from "./switching/migrations.ts";

/** What every other room stands on. */
export interface Foundation {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly sealer: Sealer;
  readonly storage: Storage;
}

/** Opens the instance's key and database and brings the kernel's tables up to date. */
export async function openFoundation(instance: Instance): Promise<Foundation> {
  const clock: Clock = { now: () => Date.now() };
  const ids = createIds(clock);
  const sealer = createSealer(ensureKey(instance.panel));
  const file = join(instance.panel, "panel.db");
  const storage = await createStorage({ file, dialect: instance.dialect, clock, ids });
  const rooms = {
    operations: outcomeMigrations,
    auth: authMigrations,
    audit: auditMigrations,
    jobs: jobMigrations,
    settings: settingsMigrations,
    plugins: pluginMigrations,
    reconcile: reconcileMigrations,
    switching: switchMigrations,
  };
  for (const [room, steps] of Object.entries(rooms)) await storage.migrate(room, steps);
  return { clock, ids, logger: createLogger(process.stderr), sealer, storage };
}
