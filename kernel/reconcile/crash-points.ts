/** The steps of a reconcile between which the process may die, in the order they are reached. */
export const reconcileCrashPoints = [
  "reconcile:taken",
  "reconcile:staged",
  "reconcile:tested",
  "reconcile:recorded",
  "reconcile:swapped",
  "reconcile:activated",
  "reconcile:handed",
  "reconcile:probed",
  "reconcile:committed",
  "reconcile:ledger",
  "reconcile:announced",
  "reconcile:executed",
  "reconcile:arrived",
  "reconcile:stopped",
  "reconcile:retired",
  "reconcile:prepared",
  "reconcile:failed",
  "reconcile:undoing",
  "reconcile:finished",
] as const;

export type ReconcileCrashPoint = (typeof reconcileCrashPoints)[number];

/** Thrown by a crash point instead of ending the process: the engine stops where it stands and mends nothing. */
export class Abandoned extends Error {
  constructor(point: string) {
    super(`abandoned at ${point}`);
    this.name = "Abandoned";
  }
}
