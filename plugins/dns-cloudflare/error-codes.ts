/** This plugin answers no error of its own: what a provider throws is told by the kernel. */
export const errorCodes = {} as const;
