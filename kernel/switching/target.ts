import { conflict, invalid, type SlotChoice } from "@patchbay/sdk";
import { nobody } from "../settings/check.ts";
import type { Settings } from "../settings/settings.ts";
import type { Candidate } from "../slots/candidate.ts";
import type { SlotEntry, SlotTable } from "../slots/slot-table.ts";

/** What an option and a value mean. */
export interface Target {
  readonly choice: SlotChoice;
  readonly entry: SlotEntry;
  /** Null: nobody is to serve the slot. */
  readonly candidate: Candidate | null;
}

/** Throws INVALID_INPUT for an option that chooses no backend or a value that is none. */
export async function targetOf(
  { settings, slots }: { readonly settings: Pick<Settings, "choices">; readonly slots: () => SlotTable },
  option: string,
  value: string,
): Promise<Target> {
  const choices = await settings.choices();
  const choice = choices.find((one) => one.option === option);
  const entry = choice && slots().get(choice.slot);
  if (!entry) throw invalid("key", "choice", `must be one of ${choices.map((one) => one.option).join(", ")}`);
  if (choice.optional && value === nobody) return { choice, entry, candidate: null };
  const candidate = entry.candidates.find((one) => one.id === value);
  if (candidate) return { choice, entry, candidate };
  const known = [...entry.candidates.map(({ id }) => id), ...(choice.optional ? [nobody] : [])];
  throw invalid("value", "choice", `must be one of ${known.join(", ")}`);
}

/** Throws BACKEND_NOT_INSTALLED (409). */
export function checkInstalled(candidate: Candidate): void {
  if (candidate.installed()) return;
  throw conflict("BACKEND_NOT_INSTALLED", `${candidate.title} is not installed on this server. Install it first.`);
}
