import { ProviderError, Undone } from "@patchbay/sdk";
import type { UnitFailure } from "../reconcile/types.ts";
import { some } from "./words.ts";

const mostNamed = 5;

/** The end of a switch that changed nothing. `why` has one entry for each unit or page. */
export function nothingChanged(what: string, why: readonly string[], options?: { cause: unknown }): Undone {
  return new Undone(`${what}: ${some(why, mostNamed, "; ")}. Nothing was changed.`, options);
}

/** What units failed and why, for people. */
export function reasonsOf(failures: readonly UnitFailure[]): readonly string[] {
  return failures.map(({ key, message, issues }) => {
    const why = issues.length > 0 ? issues.map((issue) => `${issue.field} ${issue.message}`).join(", ") : message;
    return key === "" ? why : `${key}: ${why}`;
  });
}

/** What a backend said may be shown to an admin, anything else is for the log. */
export function reasonOf(error: unknown): string {
  return error instanceof ProviderError ? error.message : "the reason is in the panel's log";
}
