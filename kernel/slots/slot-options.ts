import type { SlotOption } from "../settings/slot-option.ts";
import { fallbackOf, type SlotTable } from "./slot-table.ts";

/** The slots an admin chooses a backend for, with the backends there are. */
export function slotOptions(slots: SlotTable): readonly SlotOption[] {
  return slots.order.flatMap(({ slot, candidates }) => {
    if (slot.option === null) return [];
    const providers = candidates.map(({ id, title, plugin, installed }) => {
      return { id, title, plugin, installed: installed() };
    });
    const { id, title, option, optional = false } = slot;
    return [{ option, slot: id, title, optional, providers, fallback: fallbackOf(slot, candidates)?.id }];
  });
}
