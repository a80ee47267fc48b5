import type { Logger, Migration } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";
import type { Owned } from "./contributions.ts";

/** A plugin whose tables stay behind, and that in words for people. */
export interface Failed {
  readonly id: string;
  readonly problem: string;
}

/** Brings the tables of plugins up to date, in their order, until one fails. */
export async function migrateAll(
  { logger, storage }: { readonly logger: Logger; readonly storage: Pick<Storage, "migrate"> },
  migrations: readonly Owned<readonly Migration[]>[],
): Promise<Failed | undefined> {
  for (const { plugin, value } of migrations) {
    try {
      await storage.migrate(plugin, value);
    } catch (error) {
      logger.error("the tables of a plugin could not be brought up to date", { plugin, error });
      return { id: plugin, problem: `the tables of ${plugin} could not be brought up to date; the log says why` };
    }
  }
  return undefined;
}
