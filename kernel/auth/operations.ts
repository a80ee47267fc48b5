import type { Operation } from "@patchbay/sdk";
import { defineLogin } from "./login.ts";
import type { AuthOperationDeps } from "./operation-deps.ts";
import { defineSecondFactorOperations } from "./second-factor-operations.ts";
import { defineChangePassword, defineLogout, defineMe, defineStopImpersonating } from "./self-operations.ts";
import { defineSessionOperations } from "./session-operations.ts";
import { defineTokenOperations } from "./token-operations.ts";

/** The operations of `auth`, `sessions` and `tokens`. Called once, when the kernel is wired. */
export function authOperations(deps: AuthOperationDeps): Operation[] {
  return [
    defineLogin(deps),
    defineMe(deps),
    defineLogout(deps),
    defineChangePassword(deps),
    defineStopImpersonating(deps),
    ...defineSecondFactorOperations(deps),
    ...defineSessionOperations(deps),
    ...defineTokenOperations(deps),
  ];
}
