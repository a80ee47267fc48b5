import type { SlotOption } from "../settings/slot-option.ts";
import type { SlotTable } from "./slot-table.ts";

/** The slots an admin chooses a backend for, with the backends there are. */
export function slotOptions(slots: SlotTable): readonly SlotOption[] {
  return slots.order.flatMap(({ slot, candidates }) => {
    if (slot.option === null) return [];
    const providers = candidates.map(({ id, title, installed }) => ({ id, title, installed: installed() }));
    return [{ option: slot.option, slot: slot.id, title: slot.title, providers }];
  });
}
