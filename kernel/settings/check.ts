import { conflict, invalid, type PanelError } from "@patchbay/sdk";
import type { SlotOption } from "./slot-option.ts";

/** What an optional slot's option says when nobody shall serve it. */
export const nobody = "none";

/** Throws INVALID_INPUT for a provider nobody has, BACKEND_NOT_INSTALLED (409) for one whose software is missing. */
export function checkProvider(choice: SlotOption, value: string): void {
  if (choice.optional && value === nobody) return;
  const provider = choice.providers.find((candidate) => candidate.id === value);
  if (!provider) {
    const known = [...choice.providers.map((candidate) => candidate.id), ...(choice.optional ? [nobody] : [])];
    throw invalid("value", "choice", `${choice.title} can be one of: ${known.join(", ")}.`);
  }
  if (!provider.installed) {
    throw conflict("BACKEND_NOT_INSTALLED", `${provider.title} is not installed on this server. Install it first.`);
  }
}

export function unknownOption(known: readonly string[]): PanelError {
  return invalid("key", "choice", `There is no such option. Known options: ${[...known].sort().join(", ")}.`);
}
