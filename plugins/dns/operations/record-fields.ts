import { safeInt } from "@patchbay/sdk";
import * as v from "valibot";

/** `@`, labels relative to the zone, or a full name inside it. The handler makes it canonical: it knows the zone. */
export const nameField = v.pipe(v.string(), v.maxLength(1024));
/** What a type allows is for `toDraft` to say. Escaped, 4,096 bytes of text are four times as long. */
export const valueField = v.pipe(v.string(), v.maxLength(20_000));
/** Seconds: a minute to a week. */
export const ttlField = safeInt(60, 604_800);
/** Of MX and SRV. Null means the same as leaving it out. */
export const priorityField = v.optional(v.nullable(safeInt(0, 65_535)), null);
/** Another spelling of `value`. */
export const recordAliases = { content: "value" } as const;
