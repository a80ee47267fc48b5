/** Every code of this plugin, and what it tells the caller. */
export const errorCodes = {
  ACCOUNT_UIDS_EXHAUSTED: "No OS user id is left for another account.",
  DISK_USAGE_UNKNOWN: "The disk usage was never measured and cannot be measured now. Try again.",
  DOMAIN_EXISTS: "The domain is hosted here already.",
  PACKAGE_EXISTS: "A package has this name already.",
  RESELLER_CHOICE_FORBIDDEN: "Only an admin chooses the reseller of an account.",
  RESELLER_HAS_ACCOUNTS: "The reseller still owns accounts.",
} as const;
