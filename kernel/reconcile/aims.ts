import type { ProviderErrorKind, SidePorts } from "@patchbay/sdk";
import { type Deployment, isPlace, type Place } from "./deployment.ts";
import type { LedgerUnit, Role } from "./item.ts";

/** What one provider has to do for a unit. */
export interface Aim {
  readonly place: Place;
  readonly role: Role;
  /** For the role `relay`: where the one is that serves the unit. */
  readonly to?: SidePorts;
}

/**
 * Which providers have to do something for a unit that should exist: the one that serves it first, then the front that
 * relays to it. Empty: nobody, as it was chosen. `assigned`: id of the provider the unit is assigned to.
 */
export function aimsOf(deployment: Deployment, assigned: string | undefined): readonly Aim[] | ProviderErrorKind {
  const { chosen, entry, many } = deployment;
  if (chosen !== "none" && !isPlace(chosen)) return "unavailable";
  const front = chosen === "none" ? undefined : chosen;
  if (assigned === undefined) return front ? [{ place: front, role: "chosen" }] : [];
  if (assigned === front?.candidate.id) return [{ place: front, role: "assigned" }];
  const candidate = entry.candidates.find(({ id }) => id === assigned);
  if (!candidate?.installed()) return "unavailable";
  const serving: Aim = { place: deployment.at(candidate), role: "assigned" };
  return many || !front ? [serving] : [serving, { place: front, role: "relay", to: candidate.sidePorts }];
}

/**
 * True when a unit that lives on has to leave a provider that has nothing to do for it any more: it was there by assignment,
 * or it is assigned elsewhere and was where everybody is. What stays behind when the choice changes is left as it is: the
 * former provider sleeps, or goes on answering (`many`) until nobody asks it any more.
 */
export function hasMovedAway(deployment: Deployment, row: LedgerUnit, assigned: string | undefined): boolean {
  if (row.role === "assigned") return true;
  const { chosen, many } = deployment;
  return many && assigned !== undefined && isPlace(chosen) && chosen.candidate.plugin === row.plugin;
}
