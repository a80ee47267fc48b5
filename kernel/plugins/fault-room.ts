import type { Clock, Logger } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";
import { FaultLog } from "./fault-log.ts";
import { FaultLedger } from "./faults.ts";
import type { Fault } from "./guests.ts";

export interface FaultRoomOptions {
  readonly storage: Pick<Storage, "read" | "change">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** True for an error whose fault is reported by another hand. */
  readonly isReported: (error: unknown) => boolean;
  /** Takes a plugin out, if nothing forbids it. */
  readonly takeOut: (plugin: string, reason: string) => Promise<void>;
}

/** Who fails how often, and what becomes of it. */
export interface FaultRoom {
  readonly ledger: FaultLedger;
  readonly log: FaultLog;
}

export function createFaultRoom({ storage, clock, logger, isReported, takeOut }: FaultRoomOptions): FaultRoom {
  const log = new FaultLog({ storage, logger });
  const ledger = new FaultLedger({
    clock,
    isReported,
    onFault: (fault, at) => {
      logger.warn("a plugin failed", fieldsOf(fault));
      log.add(fault, at);
    },
    onDegraded: (fault) => logger.error("a plugin keeps failing", fieldsOf(fault)),
    onUnbearable: (plugin, reason) => log.soon(() => takeOut(plugin, reason)),
  });
  return { ledger, log };
}

function fieldsOf({ kind, message, plugin, where }: Fault): Readonly<Record<string, string>> {
  return { plugin, kind, where, fault: message };
}
