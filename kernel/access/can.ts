import { forbidden, type Operation, PanelError, type Principal } from "@patchbay/sdk";
import { covers, scopeOf } from "./scopes.ts";

/** 401 for a caller who is not logged in. The same words whatever was wrong with the credential. */
export function unauthenticated(): PanelError {
  return new PanelError("UNAUTHENTICATED", { status: 401, message: "no valid session" });
}

/**
 * Refuses a caller who may not call an operation at all. Whose object it is comes after, see `Ownership`.
 *
 * Throws 401 UNAUTHENTICATED; 403 FORBIDDEN for another role, SCOPE_REQUIRED for an API token without the scope,
 * IMPERSONATING for what only the person may do, ACCOUNT_SUSPENDED for a change by the holder of a suspended account.
 */
export function authorize(operation: Operation, principal: Principal): void {
  const { callers, selfOnly, whileSuspended } = operation.access;
  if (callers === "public") return;
  if (principal.role === "system" && principal.via === "system") return;
  if (principal.role === "anonymous" || principal.role === "system" || principal.userId === null)
    throw unauthenticated();
  if (callers !== "session" && !callers.includes(principal.role)) {
    throw forbidden("FORBIDDEN", `Your role may not call ${operation.id}.`);
  }
  if (principal.scopes !== null && !covers(principal.scopes, scopeOf(operation))) {
    throw forbidden("SCOPE_REQUIRED", `This API token lacks the scope ${scopeOf(operation)}.`);
  }
  if (selfOnly === true && principal.impersonator !== null) {
    throw forbidden("IMPERSONATING", `${operation.id} may only be called by the person, not on their behalf.`);
  }
  if (principal.suspended && operation.method !== "GET" && whileSuspended !== true) {
    throw forbidden("ACCOUNT_SUSPENDED", "Your account is suspended: you can look, but change nothing.");
  }
}
