/** Every code of this plugin, and what it tells the caller: it throws none of its own. */
export const errorCodes = {} as const;
