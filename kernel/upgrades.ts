import { asPlugin, type Clock, type Logger } from "@patchbay/sdk";
import { HandlerRecord } from "./operations/change-context.ts";
import type { HookRunner } from "./operations/hooks.ts";
import type { RegisteredUpgrade } from "./plugins/generation.ts";
import type { Change, Storage } from "./storage/types.ts";

export interface UpgradeDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hooks: Pick<HookRunner, "guarded" | "emit">;
}

/**
 * Brings rows from before an update up to date, before anything is reconciled. One upgrade that fails is logged and holds up
 * neither the others nor the start.
 */
export async function runUpgrades(deps: UpgradeDeps, upgrades: readonly RegisteredUpgrade[]): Promise<void> {
  const { logger, storage } = deps;
  for (const registered of upgrades) {
    const { plugin, value } = registered;
    try {
      while (await storage.change((change) => runPart(deps, registered, change)));
    } catch (error) {
      logger.error("rows from before an update could not be brought up to date", { plugin, upgrade: value.id, error });
    }
  }
}

/** True when there is more to do. */
async function runPart(
  { clock, hooks, logger, storage }: UpgradeDeps,
  { plugin, services, value }: RegisteredUpgrade,
  change: Change,
): Promise<boolean> {
  const { id, marks, read, tables } = change;
  const record = new HandlerRecord();
  const context = { principal: asPlugin, read, now: clock.now(), operationId: id, dryRun: false, ...services };
  const more = await value.run(record.contextOf(change, { context, hooks }));
  if (record.start) throw new Error(`the upgrade ${value.id} cannot start ${record.start.task.id}`);
  for (const send of record.letters) await send(marks.length > 0 ? id : undefined);
  // What a unit that fails would take back is what it lacks.
  await storage.settle(change, id);
  if (tables.size > 0) logger.info("rows were brought up to date", { plugin, upgrade: value.id, units: marks.length });
  // Otherwise one that finds the same again and again would keep the panel from starting.
  return more && tables.size > 0;
}
