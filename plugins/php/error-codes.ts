/** Every code of this plugin, and what it tells the caller. */
export const errorCodes = {
  PHP_VERSION_ABSENT: "This PHP version is not installed; the message names those that are.",
} as const;
