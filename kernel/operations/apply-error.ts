import { PanelError } from "@patchbay/sdk";
import type { UnitFailure } from "../reconcile/types.ts";

const statuses = { unsupported: 422, invalid: 422, conflict: 409, unavailable: 503, terminal: 500 } as const;
const codes = {
  unsupported: "APPLY_UNSUPPORTED",
  invalid: "APPLY_REFUSED",
  conflict: "APPLY_CONFLICT",
  unavailable: "APPLY_UNAVAILABLE",
  terminal: "APPLY_FAILED",
} as const;

const outcomes = {
  undone: "Nothing was changed",
  failed: "The change is stored but not live yet, and is tried again",
} as const;

/** The one error a caller gets when its units could not be made live. */
export function applyError(state: "undone" | "failed", failures: readonly UnitFailure[]): PanelError {
  const first = failures[0];
  const kind = first?.kind ?? "terminal";
  const what = failures.map((failure) => failure.message);
  return new PanelError(codes[kind], {
    status: statuses[kind],
    message: `${outcomes[state]}: ${[...new Set(what)].slice(0, 3).join("; ") || "the change could not be applied"}`,
    fields: failures.flatMap((f) => f.issues.map((i) => ({ field: i.field, code: "unsupported", message: i.message }))),
    retry: kind === "unavailable" ? "later" : "never",
    ...(kind === "unavailable" ? { retryAfterSeconds: 5 } : {}),
  });
}
