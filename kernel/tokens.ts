import { type Clock as ClockService, type Token, token } from "@patchbay/sdk";
import type { CrashPoint } from "./crash-point.ts";
import type { ChangeRunner } from "./operations/change.ts";
import type { Outcomes } from "./operations/outcome.ts";
import type { Pipeline } from "./operations/pipeline.ts";
import type { Reconciler } from "./reconcile/types.ts";
import type { Ids, Sealer, Storage } from "./storage/types.ts";

const internal = <T>(name: string): Token<T> => token<T>(`internal.${name}`);

/** Services of the kernel that plugins cannot reach: they never learn these tokens. */
export const K = {
  clock: internal<ClockService>("clock"),
  ids: internal<Ids>("ids"),
  sealer: internal<Sealer>("sealer"),
  storage: internal<Storage>("storage"),
  outcomes: internal<Outcomes>("outcomes"),
  reconciler: internal<Reconciler>("reconciler"),
  changes: internal<ChangeRunner>("changes"),
  pipeline: internal<Pipeline>("pipeline"),
  crashPoint: internal<CrashPoint>("crash-point"),
};
