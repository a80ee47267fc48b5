import { defineQuery, type Operation } from "@patchbay/sdk";
import * as v from "valibot";
import type { Audit } from "./audit.ts";

/** `audit/verify`: reads the whole audit log and says whether a record was changed, removed or reordered. */
export function auditOperations(audit: () => Audit): readonly Operation[] {
  return [
    defineQuery({
      id: "audit.verify",
      summary: "Check the audit log for tampering",
      access: { callers: ["admin"] },
      rate: "standard",
      input: v.strictObject({}),
      output: v.strictObject({
        ok: v.boolean(),
        records: v.number(),
        first_bad: v.nullable(v.strictObject({ id: v.number(), problem: v.string() })),
      }),
      handle: async () => {
        const { ok, records, firstBad } = await audit().verify();
        return { ok, records, first_bad: firstBad ?? null };
      },
    }),
  ];
}
