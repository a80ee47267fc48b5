import type { SwitchWork } from "./types.ts";

/** True when visitors reach the slot's units over HTTP through the one backend that is in use: it is what is compared with. */
export function hasFront({ entry, order }: Pick<SwitchWork, "entry" | "order">): boolean {
  const { slot, candidates } = entry;
  return slot.cardinality !== "many" && slot.parity !== undefined && candidates.some(({ id }) => id === order.from);
}
