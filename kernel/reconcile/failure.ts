import { type Issue, ProviderError, type ProviderErrorKind } from "@patchbay/sdk";
import type { Mark } from "../storage/types.ts";
import type { UnitFailure } from "./types.ts";

/** Makes a failure that is safe to show: what a daemon or a plugin said goes to the log alone. */
export function toFailure(
  mark: Mark,
  kind: ProviderErrorKind,
  title: string,
  issues: readonly Issue[] = [],
): UnitFailure {
  return { slot: mark.slot, key: mark.key, kind, message: messages[kind](title, mark.slot), issues };
}

/** The kind of whatever was thrown. Anything but a ProviderError is a fault of the plugin, which will not mend itself. */
export function kindOf(error: unknown): ProviderErrorKind {
  return error instanceof ProviderError ? error.kind : "terminal";
}

const messages: Readonly<Record<ProviderErrorKind, (title: string, slot: string) => string>> = {
  unsupported: (title) => `${title}: the backend in use cannot do what was asked for`,
  invalid: (title) => `${title}: the backend in use refuses this configuration`,
  conflict: (_title, slot) => `A configuration file of ${slot} was changed by hand; see reconcile/drift`,
  unavailable: (title) => `${title}: the backend cannot be reached or cannot work now; try again later`,
  terminal: (title) => `${title}: the backend failed; the reason is in the panel's log`,
};
