import type { Clock, Logger, TaskContext } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import type { Outbox } from "../jobs/outbox.ts";
import type { Outcomes } from "../operations/outcome.ts";
import type { Reconciler } from "../reconcile/types.ts";
import type { Settings } from "../settings/settings.ts";
import type { Candidate } from "../slots/candidate.ts";
import type { SlotEntry, SlotTable } from "../slots/slot-table.ts";
import type { Ids, Storage } from "../storage/types.ts";
import type { SwitchCrashPoint } from "./crash-points.ts";

/** What the reconciler does for a switch. */
export type CandidateEngine = Pick<
  Reconciler,
  "wake" | "settled" | "auditCandidate" | "prepareCandidate" | "compareCandidate" | "dropCandidate"
>;

export interface SwitchDeps {
  readonly storage: Storage;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly host: Pick<Host, "info">;
  readonly outcomes: Outcomes;
  readonly settings: Pick<Settings, "choices" | "save" | "fresh">;
  readonly engine: () => CandidateEngine;
  /** The slots of the current generation. */
  readonly slots: () => SlotTable;
  /** Tells plugins of a switch, in the change that makes it. */
  readonly emit: Outbox["emit"];
  crashPoint(name: SwitchCrashPoint): void;
}

/** Payload of the task. */
export interface SwitchOrder {
  readonly slot: string;
  readonly option: string;
  readonly from: string;
  readonly to: string;
  /** True: begun although units cannot be served. */
  readonly force: boolean;
}

/** What every step of a switch works with. */
export interface SwitchWork {
  readonly deps: SwitchDeps;
  readonly order: SwitchOrder;
  readonly entry: SlotEntry;
  readonly candidate: Candidate;
  readonly ctx: TaskContext;
}
