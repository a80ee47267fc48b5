import { conflict, invalid, type PanelError } from "@patchbay/sdk";
import type { SlotOption } from "./slot-option.ts";

/** Throws INVALID_INPUT for a provider nobody has, BACKEND_NOT_INSTALLED (409) for one whose software is missing. */
export function checkProvider(choice: SlotOption, value: string): void {
  const provider = choice.providers.find((candidate) => candidate.id === value);
  if (!provider) {
    const known = choice.providers.map((candidate) => candidate.id).join(", ");
    throw invalid("value", "choice", `${choice.title} can be one of: ${known}.`);
  }
  if (!provider.installed) {
    throw conflict("BACKEND_NOT_INSTALLED", `${provider.title} is not installed on this server. Install it first.`);
  }
}

export function unknownOption(known: readonly string[]): PanelError {
  return invalid("key", "choice", `There is no such option. Known options: ${[...known].sort().join(", ")}.`);
}
