import { conflict, forbidden, invalid, PanelError } from "@patchbay/sdk";

/** Errors of this plugin: every code it answers besides the pipeline's own. */
export const codes = {
  domainExists: "DOMAIN_EXISTS",
  packageExists: "PACKAGE_EXISTS",
  resellerHasAccounts: "RESELLER_HAS_ACCOUNTS",
  resellerChoiceForbidden: "RESELLER_CHOICE_FORBIDDEN",
  uidsExhausted: "ACCOUNT_UIDS_EXHAUSTED",
  notMeasured: "DISK_USAGE_UNKNOWN",
} as const;

export const domainExists = () => conflict(codes.domainExists, "This domain is already hosted here.");

export const packageExists = () => conflict(codes.packageExists, "A package with this name already exists.");

export const resellerHasAccounts = () =>
  conflict(codes.resellerHasAccounts, "The reseller still owns accounts. Move or terminate them first.");

export const resellerChoiceForbidden = () =>
  forbidden(codes.resellerChoiceForbidden, "Only an administrator chooses the reseller of an account.");

export const uidsExhausted = () =>
  new PanelError(codes.uidsExhausted, { status: 503, message: "No OS user id is left for another account." });

export const notMeasured = () =>
  new PanelError(codes.notMeasured, {
    status: 503,
    message: "The disk usage of this account could not be measured yet.",
    retry: "later",
    retryAfterSeconds: 10,
  });

export const unknownPackage = () => invalid("package_id", "choice", "must be an existing package");

export const unknownReseller = () => invalid("reseller_id", "choice", "must be an active reseller");

/** `installed` are the versions of the server, not what was asked for. */
export const phpNotInstalled = (installed: readonly string[]) =>
  invalid("php_version", "choice", `must be an installed PHP version: ${installed.join(", ") || "there is none"}`);

export const guessablePassword = () => invalid("password", "choice", "must not be built from the user name");
