import type { SlotOption } from "../settings/slot-option.ts";
import { fallbackOf, type SlotTable } from "./slot-table.ts";

/** The slots an admin chooses a backend for. Which backends are installed is looked at when it is read. */
export function slotOptions(slots: SlotTable): readonly SlotOption[] {
  return slots.order.flatMap(({ slot, candidates }) => {
    const { id, title, option, optional = false } = slot;
    if (option === null) return [];
    return [
      {
        option,
        slot: id,
        title,
        optional,
        get providers() {
          return candidates.map((candidate) => {
            return {
              id: candidate.id,
              title: candidate.title,
              plugin: candidate.plugin,
              installed: candidate.installed(),
            };
          });
        },
        get fallback() {
          return fallbackOf(slot, candidates)?.id;
        },
      },
    ];
  });
}
