/** Zone that lists the zones, for secondaries (RFC 9432). */
export const catalogZone = "catalog.patchbay.invalid";
/** Name below which the number of the last apply is answered. */
export const generationZone = "generation.patchbay.invalid";
/** Access list of the host itself, for what is nobody else's business. */
export const nearAcl = "patchbay-near";
