import { PanelError } from "@patchbay/sdk";

/** Below this many applied units a share says nothing. */
const fewUnits = 10;
const safeShare = 0.3;

export interface MassRemoval {
  readonly slot: string;
  readonly removals: number;
  readonly units: number;
}

/** True when removing this many units looks like an accident: more than 30 % of at least 10. */
export function isMassRemoval({ removals, units }: MassRemoval): boolean {
  return units >= fewUnits && removals > units * safeShare;
}

/** UNSAFE_PLAN (409): a run without an explicit change would remove much of what there is. */
export function unsafePlan(found: readonly MassRemoval[]): PanelError {
  const parts = found.map(({ slot, removals, units }) => `${removals} of ${units} units of ${slot}`);
  return new PanelError("UNSAFE_PLAN", {
    status: 409,
    message: `This would remove ${parts.join(", ")}. Look at the plan, and confirm the removals if they are meant.`,
    details: { slots: found.map((one) => ({ ...one })) },
  });
}
