import { type Logger, ProviderError } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import type { Host } from "../host/types.ts";
import type { Storage } from "../storage/types.ts";
import type { ReconcileCrashPoint } from "./crash-points.ts";
import type { Deployment, Place } from "./deployment.ts";
import type { Ledger } from "./ledger.ts";
import { putToSleep } from "./ledger-write.ts";

export interface RetireDeps {
  readonly storage: Storage;
  readonly host: Host;
  readonly logger: Logger;
  crashPoint(name: ReconcileCrashPoint): void;
}

/** Providers whose daemon runs although nothing needs them: those that stand for nobody any more. */
export function unused(deployment: Deployment): readonly Place[] {
  // A chosen backend that is missing may be back in a moment: nothing is stopped for its sake.
  if (deployment.isUnserved) return [];
  return deployment.places.filter((place) => place.awake && !place.used);
}

/**
 * Ends the daemons of providers that stand for nobody. What they hold stays as it was written, for a quick return. Stopping
 * comes first: a death in between leaves a reference, so that it is done again. Returns what was stopped.
 */
export async function retireUnused(
  deps: RetireDeps,
  ledger: Ledger,
  deployment: Deployment,
): Promise<readonly ServiceName[]> {
  const slot = deployment.entry.slot.id;
  const stopped: ServiceName[] = [];
  for (const { candidate } of unused(deployment)) {
    try {
      const services = await ledger.ownServices(slot, candidate.plugin);
      for (const service of services) await deps.host.helper.call("service.act", { ...service, action: "stop" });
      deps.crashPoint("reconcile:stopped");
      await deps.storage.change((change) => putToSleep(change.db, slot, candidate.plugin));
      deps.crashPoint("reconcile:retired");
      stopped.push(...services);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      deps.logger.error("a backend that nothing needs could not be stopped", { slot, plugin: candidate.plugin, error });
    }
  }
  return stopped;
}
