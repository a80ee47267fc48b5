import { PanelError, type Slot } from "@patchbay/sdk";

/**
 * Sorts slots so that each comes after those named in its `after`; equal ones by id, so that the order is always the same.
 * Throws SLOTS_INVALID (409) with every problem at once: slots declared twice, unknown names, cycles.
 */
export function orderSlots(slots: readonly Slot[]): readonly Slot[] {
  const byId = new Map(slots.map((slot) => [slot.id, slot]));
  const problems = [...declaredTwice(slots), ...unknownNames(slots, byId)];
  const left = new Map([...byId].sort(([a], [b]) => (a < b ? -1 : 1)));
  const ordered: Slot[] = [];
  for (;;) {
    const next = [...left.values()].find((slot) => slot.after.every((name) => !left.has(name)));
    if (!next) break;
    left.delete(next.id);
    ordered.push(next);
  }
  if (left.size > 0) problems.push(`slots wait for each other: ${[...left.keys()].join(", ")}`);
  if (problems.length > 0) throw slotsInvalid(problems);
  return ordered;
}

/** SLOTS_INVALID (409): the slots and providers of a generation do not fit together. */
export function slotsInvalid(problems: readonly string[]): PanelError {
  return new PanelError("SLOTS_INVALID", {
    status: 409,
    message: `The slots do not fit together: ${problems.join("; ")}`,
    details: { problems },
  });
}

function declaredTwice(slots: readonly Slot[]): string[] {
  const ids = slots.map((slot) => slot.id);
  return [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))].map((id) => `slot ${id} is declared twice`);
}

function unknownNames(slots: readonly Slot[], byId: ReadonlyMap<string, Slot>): string[] {
  return slots.flatMap((slot) =>
    slot.after
      .filter((name) => !byId.has(name))
      .map((name) => `slot ${slot.id} comes after ${name}, which does not exist`),
  );
}
