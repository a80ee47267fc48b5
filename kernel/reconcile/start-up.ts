import type { Logger } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import type { SlotEntry, SlotTable } from "../slots/slot-table.ts";
import type { Mark, Storage } from "../storage/types.ts";
import type { ReconcileCrashPoint } from "./crash-points.ts";
import { deploy } from "./deployment.ts";
import { addMarks } from "./dirty.ts";
import { baseKey, serviceId } from "./item.ts";
import { Ledger } from "./ledger.ts";
import { prepareBase } from "./prepare.ts";
import { retireUnused } from "./retire.ts";

export interface StartUpDeps {
  readonly storage: Storage;
  readonly host: Host;
  readonly logger: Logger;
  crashPoint(name: ReconcileCrashPoint): void;
}

/** Starts what should run and nothing else, and marks the slots of which something is to be done. */
export async function startUp(deps: StartUpDeps, table: SlotTable): Promise<void> {
  const ledger = new Ledger(deps.storage.read);
  for (const entry of table.order) {
    // Who was being looked at when the panel died stands for nobody now.
    await attempt(deps, "backends that nothing needs could not be ended", entry, async () => {
      await retireUnused(deps, ledger, await deploy(entry, ledger));
    });
  }
  await startServices(deps, ledger);
  await markDue(deps, table);
}

/** Marks the slots whose serving provider is another than was applied, or of whom a base is not as it was. */
export async function markDue(deps: StartUpDeps, table: SlotTable): Promise<void> {
  const ledger = new Ledger(deps.storage.read);
  const marks: Mark[] = [];
  for (const entry of table.order) {
    await attempt(deps, "the base of a slot could not be rendered", entry, async () => {
      if (await isDue(ledger, entry)) marks.push({ slot: entry.slot.id, key: baseKey });
    });
  }
  if (marks.length > 0) await deps.storage.change((change) => addMarks(change.db, marks));
}

/**
 * Ends daemons that nothing refers to: of a transaction that the helper had committed when the panel died before writing it
 * down. Called once the work that was left over is done, because that may still refer to them.
 */
export async function endStrays({ host, logger, storage }: StartUpDeps): Promise<void> {
  try {
    const wanted = new Set((await new Ledger(storage.read).services()).map(serviceId));
    const { services } = await host.helper.call("service.list", {});
    for (const { pid: _pid, state, ...service } of services) {
      if (state === "stopped" || wanted.has(serviceId(service))) continue;
      logger.warn("a service that nothing needs is ended", { ...service });
      await host.helper.call("service.act", { ...service, action: "stop" });
    }
  } catch (error) {
    logger.error("services that nothing needs could not be ended", { error });
  }
}

/** A daemon that does not come up is the helper's to start again; it must not keep the others from coming up. */
async function startServices({ host, logger }: StartUpDeps, ledger: Ledger): Promise<void> {
  await Promise.all(
    (await ledger.services()).map(async (service) => {
      try {
        await host.helper.call("service.act", { ...service, action: "start" });
      } catch (error) {
        logger.error("a service did not start", { ...service, error });
      }
    }),
  );
}

/** True when another provider serves than did, or the base of one is not as it was applied. */
async function isDue(ledger: Ledger, entry: SlotEntry): Promise<boolean> {
  const deployment = await deploy(entry, ledger);
  if (deployment.isUnserved) return false;
  if (deployment.arriving || (deployment.chosen === "none" && deployment.front !== undefined)) return true;
  const rows = await ledger.units(entry.slot.id, [baseKey]);
  const used = deployment.places.filter((place) => place.used);
  const bases = await Promise.all(used.map((place) => prepareBase(deployment, place, { rows, forced: false })));
  return bases.some((base) => base !== undefined);
}

async function attempt(
  { logger }: StartUpDeps,
  message: string,
  entry: SlotEntry,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.error(message, { slot: entry.slot.id, error });
  }
}
