import { AuditLog, defineQuery, isoDate, pageOf, pageQuery, text, toPage } from "@patchbay/sdk";
import * as v from "valibot";

const dayMs = 24 * 60 * 60_000;

const auditEntry = v.strictObject({
  id: v.number(),
  user_id: v.nullable(v.number()),
  username: v.string(),
  action: v.string(),
  resource: v.string(),
  detail: v.record(v.string(), v.unknown()),
  ip_address: v.string(),
  created_at: v.string(),
});

export const auditLog = defineQuery({
  id: "system.audit-log",
  summary: "Query the audit log",
  access: { callers: ["admin"] },
  rate: "standard",
  input: v.strictObject({
    ...pageQuery,
    /** Occurs in the user name. */
    user: v.optional(text(0, 100)),
    /** Occurs in the name of the action. */
    action: v.optional(text(0, 100)),
    /** Both days are part of the answer. UTC. */
    date_from: v.optional(isoDate),
    date_to: v.optional(isoDate),
  }),
  output: pageOf(auditEntry),
  handle: async (input, ctx) => {
    const { items, total } = await ctx.use(AuditLog).query(ctx.read, {
      ...(input.user ? { user: input.user } : {}),
      ...(input.action ? { action: input.action } : {}),
      ...(input.date_from === undefined ? {} : { from: startOf(input.date_from) }),
      ...(input.date_to === undefined ? {} : { to: startOf(input.date_to) + dayMs }),
      page: input.page,
      perPage: input.per_page,
    });
    return toPage(items, total, input);
  },
});

/** Milliseconds at which a day begins. */
function startOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}
